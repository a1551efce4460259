#if Exporters
import ConcertoRuntime
import Testing

@testable import ConcertoExporters

/// The cases E1–E11.
@Suite final class EnvironmentTests {
    private let warnings = Guarded<[String]>([])

    private func options(_ environment: [String: String]) -> OTLPOptions {
        OTLPOptions(environment: environment) { [self] text in warnings.withLock { $0.append(text) } }
    }

    @Test func `without an endpoint nothing is sent`() {
        #expect(options([:]).endpoints.isEmpty)
        #expect(options(["OTEL_EXPORTER_OTLP_ENDPOINT": ""]).endpoints.isEmpty)
    }

    @Test func `E1: the base gets the path of each signal`() {
        let all = options(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"]).endpoints
        #expect(
            all == [
                .traces: "http://c:4318/v1/traces", .metrics: "http://c:4318/v1/metrics",
                .logs: "http://c:4318/v1/logs",
            ])
    }

    @Test func `E2, E3: a signal's own endpoint is used as it is, a base keeps its path`() {
        let all = options([
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/mycollector/",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://c:4318",
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/mycollector/v1/metrics/",
        ]).endpoints
        #expect(all[.traces] == "http://c:4318/mycollector/v1/traces")
        #expect(all[.metrics] == "http://c:4318/mycollector/v1/metrics/")
        #expect(all[.logs] == "http://c:4318/")
    }

    @Test func `E4: headers are percent-decoded; what cannot be read is said without being shown`() {
        let good = options(["OTEL_EXPORTER_OTLP_HEADERS": "a=b%20c, d=e=f"]).headers
        #expect(good.map(\.name) == ["a", "d"])
        #expect(good.map(\.value) == ["b c", "e=f"])
        #expect(options(["OTEL_EXPORTER_OTLP_HEADERS": "a=secret%zz"]).headers.isEmpty)
        let said = warnings.withLock { $0 }
        #expect(said.count == 1)
        #expect(!said[0].contains("secret"))
    }

    @Test func `E6: the service's name wins over the attributes; one that cannot be read spoils all of them`() {
        let both = Attributes(resourceFrom: [
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=x,deployment=a%2Cb", "OTEL_SERVICE_NAME": "shop",
        ])
        #expect(both["service.name"] == "shop")
        #expect(both["deployment"] == "a,b")
        #expect(both["telemetry.sdk.name"] == "concerto")
        let bad = Attributes(resourceFrom: ["OTEL_RESOURCE_ATTRIBUTES": "a=1,b"])
        #expect(bad["a"] == nil)
        #expect(bad["service.name"] == "unknown_service")
    }

    @Test func `E7: only "true" is true`() {
        let endpoint = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"]
        #expect(options(endpoint.merging(["OTEL_SDK_DISABLED": "True"]) { $1 }).endpoints.isEmpty)
        #expect(warnings.withLock { $0 }.isEmpty)
        #expect(!options(endpoint.merging(["OTEL_SDK_DISABLED": "1"]) { $1 }).endpoints.isEmpty)
        #expect(warnings.withLock { $0 }.count == 1)
    }

    @Test func `E9: what is empty is the default, what makes no sense too, and is said`() {
        let base = OTLPOptions()
        let all = options([
            "OTEL_EXPORTER_OTLP_TIMEOUT": "", "OTEL_BSP_SCHEDULE_DELAY": "soon", "OTEL_BSP_MAX_QUEUE_SIZE": "-1",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_COMPRESSION": "brotli",
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "sometimes",
        ])
        #expect((all.timeout, all.delay, all.queueLimit) == (base.timeout, base.delay, base.queueLimit))
        #expect(all.encoding == .protobuf)
        #expect(all.temporality == .cumulative)
        #expect(warnings.withLock { $0 }.count == 5)
    }

    @Test func `E11: a signal can be left out`() {
        let all = options(["OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"]).endpoints
        #expect(Set(all.keys) == [.metrics, .logs])
    }

    @Test func `settings of a signal win over those of all`() {
        let all = options([
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x", "OTEL_EXPORTER_OTLP_TIMEOUT": "5",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2000", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "4096",
        ])
        #expect(all.timeout == .seconds(2))
        #expect(all.usesGzip)
        #expect(all.encoding == .json)
        #expect(all.batchSize == 2_048)
        #expect(all.endpoints == [.traces: "http://c/x"])
        #expect(throws: Never.self) { try all.validate() }
    }
}
#endif
