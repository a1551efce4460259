#if Server && Observability
public import ConcertoObservability
import ConcertoRuntime

/// Counts and times requests by OpenTelemetry's conventions: `http.server.request.duration` and
/// `http.server.active_requests`. Routes by their templates, never by their paths.
///
/// ```swift
/// let kit = ServerKit { $0.observer = ServerMetrics() }
/// Meter(scope: "shop").observe(kit)
/// ```
///
/// - Allocates: for a request nothing but its names, where its series is known.
public final class ServerMetrics: RequestObserver {
    private let duration: Histogram
    private let active: UpDownCounter
    private let durations = Guarded<[RequestMeasurement: Histogram]>([:])
    private let counters = Guarded<[RequestMeasurement: UpDownCounter]>([:])

    /// Creates the metrics.
    public init(_ meter: Meter = Meter(scope: "concerto.server")) {
        duration = meter.histogram(
            "http.server.request.duration", unit: "s", help: "Duration of HTTP server requests",
            bounds: .explicit([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]))
        active = meter.upDownCounter(
            "http.server.active_requests", unit: "{request}", help: "Requests that are being served")
    }

    /// Counts it as being served.
    public func began(_ request: RequestMeasurement) { counter(of: request).add(1) }

    /// Records its duration.
    public func ended(_ request: RequestMeasurement) {
        counter(of: request).add(-1)
        var series = request
        series.duration = .zero
        let known = durations.withLock { $0[series] }
        let histogram = known ?? duration.bind(attributes(of: series))
        if known == nil { durations.withLock { $0[series] = histogram } }
        histogram.record(request.duration)
    }

    private func counter(of request: RequestMeasurement) -> UpDownCounter {
        let series = RequestMeasurement(
            method: request.method, scheme: request.scheme, protocolVersion: "")
        if let known = counters.withLock({ $0[series] }) { return known }
        let counter = active.bind([
            "http.request.method": .string(request.method), "url.scheme": .string(request.scheme),
        ])
        counters.withLock { $0[series] = counter }
        return counter
    }

    private func attributes(of request: RequestMeasurement) -> Attributes {
        var attributes: Attributes = [
            "http.request.method": .string(request.method), "url.scheme": .string(request.scheme),
            "network.protocol.version": .string(request.protocolVersion),
        ]
        if let route = request.route { attributes["http.route"] = .string(route) }
        if let status = request.status { attributes["http.response.status_code"] = .int(Int64(status)) }
        if let error = request.errorType { attributes["error.type"] = .string(error) }
        return attributes
    }
}

extension Meter {
    /// The numbers of a kit, read from its ``ServerKit/statistics`` when somebody asks: connections, and what was refused
    /// or cut short, by reason.
    @discardableResult
    public func observe(_ kit: ServerKit) -> [MetricObservation] {
        [
            observe(
                "concerto.server.connections", as: .upDownCounter, unit: "{connection}",
                help: "Connections that are open"
            ) { $0([:], .int(Int64(kit.statistics.connections))) },
            observe(
                "concerto.server.refusals", as: .counter, unit: "{event}",
                help: "Requests and connections that were refused or cut short"
            ) { report in
                let now = kit.statistics
                let reasons: KeyValuePairs<String, UInt64> = [
                    "shed": now.shed, "rate": now.rateLimited, "deadline": now.deadlines, "client": now.cancelled,
                    "connections": now.refusedConnections, "head": now.headerTimeouts, "idle": now.idleTimeouts,
                    "slow_body": now.slowBodies, "long_body": now.oversizedBodies, "write_stall": now.writeStalls,
                    "drain": now.abandonedDrains,
                ]
                for (reason, count) in reasons { report(["reason": .string(reason)], .int(Int64(clamping: count))) }
            },
        ]
    }
}
#endif
