#if Exporters
extension OTLPOptions {
    /// Reads OpenTelemetry's variables.
    ///
    /// What is empty is not set. What makes no sense is left at its default, and `warn` is told. Without an endpoint
    /// nothing is sent: `endpoints` is empty.
    public init(environment: [String: String], warn: @escaping (String) -> Void = { _ in }) {
        self.init(signals: [])
        let variables = TelemetryVariables(environment, warn: warn)
        guard !variables.truth("OTEL_SDK_DISABLED") else { return }
        let prefix = "OTEL_EXPORTER_OTLP_"
        let base = variables.text(prefix + "ENDPOINT")
        for signal in Signal.allCases {
            let own = prefix + signal.rawValue.uppercased() + "_ENDPOINT"
            guard variables.exports(signal) else { continue }
            if let endpoint = variables.text(own) {
                // Used as it is; without a path it means the root.
                let hasPath = endpoint.split(separator: "/", omittingEmptySubsequences: false).count > 3
                endpoints[signal] = hasPath ? endpoint : endpoint + "/"
            } else if let base {
                endpoints[signal] = Self.endpoint(base, signal)
            }
        }
        // Settings that may differ by signal are those of the signal that goes out; with several, of the first.
        func setting(_ name: String) -> (String, String)? {
            for signal in Signal.allCases where endpoints[signal] != nil {
                let own = prefix + signal.rawValue.uppercased() + "_" + name
                if let text = variables.text(own) { return (own, text) }
            }
            return variables.text(prefix + name).map { (prefix + name, $0) }
        }
        if let (name, text) = setting("HEADERS") { headers = variables.pairs(name, text) }
        if let (name, text) = setting("PROTOCOL") {
            if let known = OTLPEncoding(rawValue: text) {
                encoding = known
            } else {
                warn("\(name)=\(text) is not http/protobuf or http/json; http/protobuf is used")
            }
        }
        usesGzip = false
        if let (name, text) = setting("COMPRESSION") {
            usesGzip = text == "gzip"
            if !["gzip", "none"].contains(text) { warn("\(name)=\(text) is not gzip or none; nothing is compressed") }
        }
        if let (name, text) = setting("TIMEOUT"), let time = variables.milliseconds(name, text) {
            // 0 means no limit; an export that never ends would hold up all that follow.
            timeout = time == .zero ? .seconds(3_600) : time
        }
        if let time = variables.positive("OTEL_METRIC_EXPORT_INTERVAL") { metricsInterval = .milliseconds(time) }
        if let time = variables.positive("OTEL_BSP_SCHEDULE_DELAY") { delay = .milliseconds(time) }
        if let count = variables.positive("OTEL_BSP_MAX_QUEUE_SIZE") { queueLimit = count }
        if let count = variables.positive("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") { batchSize = count }
        if batchSize > queueLimit {
            warn("OTEL_BSP_MAX_EXPORT_BATCH_SIZE is more than OTEL_BSP_MAX_QUEUE_SIZE, \(queueLimit), which is used")
            batchSize = queueLimit
        }
        let preference = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
        switch variables.text(preference)?.lowercased() {
        case nil, "cumulative": break
        case "delta", "lowmemory": temporality = .delta
        case .some(let text): warn("\(preference)=\(text) is not cumulative, delta or lowmemory; cumulative is used")
        }
    }
}

extension Attributes {
    /// What the process is, from `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, which wins.
    public init(resourceFrom environment: [String: String], warn: @escaping (String) -> Void = { _ in }) {
        self.init()
        let variables = TelemetryVariables(environment, warn: warn)
        if let text = variables.text("OTEL_RESOURCE_ATTRIBUTES") {
            for (key, value) in variables.pairs("OTEL_RESOURCE_ATTRIBUTES", text) { self[key] = .string(value) }
        }
        if let name = variables.text("OTEL_SERVICE_NAME") { self["service.name"] = .string(name) }
        if self["service.name"] == nil { self["service.name"] = "unknown_service" }
        self["telemetry.sdk.name"] = "concerto"
        self["telemetry.sdk.language"] = "swift"
    }
}

/// OpenTelemetry's rules for variables.
struct TelemetryVariables {
    private let environment: [String: String]
    private let warn: (String) -> Void

    init(_ environment: [String: String], warn: @escaping (String) -> Void) {
        self.environment = environment
        self.warn = warn
    }

    /// A text; `nil` if it is empty.
    func text(_ name: String) -> String? {
        guard let text = environment[name]?.trimmed, !text.isEmpty else { return nil }
        return text
    }

    /// Whether a variable says "true", in any case.
    func truth(_ name: String) -> Bool {
        guard let text = text(name) else { return false }
        if text.lowercased() == "true" { return true }
        if text.lowercased() != "false" { warn("\(name)=\(text) is not true or false; false is used") }
        return false
    }

    /// A whole number of 1 or more.
    func positive(_ name: String) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), number > 0 else {
            warn("\(name)=\(text) is not a whole number above zero; it is ignored")
            return nil
        }
        return number
    }

    func milliseconds(_ name: String, _ text: String) -> Duration? {
        guard let number = Int(text), number >= 0 else {
            warn("\(name)=\(text) is not a number of milliseconds; it is ignored")
            return nil
        }
        return .milliseconds(number)
    }

    /// Whether a signal goes to a collector.
    func exports(_ signal: OTLPOptions.Signal) -> Bool {
        let name = "OTEL_\(signal.rawValue.uppercased())_EXPORTER"
        guard let text = text(name) else { return true }
        let all = text.split(separator: ",").map(\.trimmed)
        for one in all where !["otlp", "none", "prometheus", "console"].contains(one) {
            warn("\(name)=\(text) names \(one), which is not known; it is ignored")
        }
        return all.contains("otlp")
    }

    /// `k=v,k2=v2`, percent-encoded. One that cannot be read spoils all: half a set of headers helps nobody. The text
    /// itself is not shown, it may be a token.
    func pairs(_ name: String, _ text: String) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in text.split(separator: ",") where !part.trimmed.isEmpty {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, let key = Self.decoded(pair[0].trimmed), !key.isEmpty,
                let value = Self.decoded(pair[1].trimmed)
            else {
                warn("\(name) is not a list of key=value, percent-encoded; it is ignored")
                return []
            }
            pairs.append((key, value))
        }
        return pairs
    }

    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
#endif
