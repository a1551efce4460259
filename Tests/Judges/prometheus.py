"""Reads a page on standard input as Prometheus' own Python library does; prints its samples as JSON, or fails.

prometheus.py text|openmetrics
"""
import json
import math
import sys

page = sys.stdin.buffer.read().decode("utf-8")
if sys.argv[1] == "openmetrics":
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
else:
    from prometheus_client.parser import text_string_to_metric_families as parse


def number(value):
    if math.isnan(value):
        return "NaN"
    return str(value) if math.isinf(value) else value


samples = []
for family in parse(page):
    for sample in family.samples:
        exemplar = getattr(sample, "exemplar", None)
        samples.append({
            "family": family.name, "type": family.type, "unit": family.unit, "help": family.documentation,
            "name": sample.name, "labels": sample.labels, "value": number(float(sample.value)),
            "timestamp": sample.timestamp is not None,
            "exemplar": exemplar and {"labels": exemplar.labels, "value": exemplar.value},
        })
json.dump(samples, sys.stdout)
