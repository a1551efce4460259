"""Reads a request of OTLP on standard input with OpenTelemetry's own messages; prints it as JSON of protobuf, or fails.

otlp.py protobuf|json traces|metrics|logs
"""
import importlib
import sys

from google.protobuf.json_format import MessageToJson

encoding, signal = sys.argv[1:]
names = {"traces": "Trace", "metrics": "Metrics", "logs": "Logs"}
singular = {"traces": "trace", "metrics": "metrics", "logs": "logs"}[signal]
data = sys.stdin.buffer.read()
request = f"Export{names[signal]}ServiceRequest"

if encoding == "protobuf":
    module = importlib.import_module(
        f"opentelemetry.proto.collector.{singular}.v1.{singular}_service_pb2")
    message = getattr(module, request)()
    message.ParseFromString(data)
    print(MessageToJson(message))
    # What was read must be all there was: unknown fields would be lost in silence.
    again = message.SerializeToString(deterministic=True)
    if len(again) != len(data):
        sys.exit(f"read {len(data)} bytes, of which {len(again)} were known")
else:
    module = importlib.import_module(
        f"opentelemetry.proto_json.collector.{singular}.v1.{singular}_service")
    message = getattr(module, request).from_json(data.decode("utf-8"))
    print(message.to_json())
