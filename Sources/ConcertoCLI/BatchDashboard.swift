#if CLI
import ArgumentParser
import Concerto
import ConcertoBatch
import ConcertoDiagnostics
import ConcertoExporters
import ConcertoHTTP
import ConcertoResilience
import Foundation

/// `--dashboard`: where the page is served.
struct DashboardArgument: WrittenArgument {
    struct Value: Equatable {
        var address: String
        var port: Int
        /// Whether somebody has asked for this port.
        var isAsked = true
    }

    static let usual = DashboardArgument(Value(address: "127.0.0.1", port: 9465, isAsked: false), "127.0.0.1:9465")

    var value: Value
    var text: String

    init(_ value: Value, _ text: String) { (self.value, self.text) = (value, text) }

    /// `HOST:PORT`, `[::1]:PORT`, or a port of this machine.
    static func read(_ text: String) -> Value? {
        let colon = text.lastIndex(of: ":")
        let port = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard let number = Int(port), (0...65_535).contains(number), !port.hasPrefix("+") else { return nil }
        guard let colon else { return Value(address: usual.value.address, port: number) }
        var address = String(text[..<colon])
        if address.hasPrefix("["), address.hasSuffix("]") {
            address = String(address.dropFirst().dropLast())
        } else if address.isEmpty || address.contains(":") {
            return nil
        }
        return Value(address: address, port: number)
    }
}

/// The page of a run, as long as the run lasts.
struct BatchDashboard {
    private let server: TelemetryServer
    private let rows: Diagnostics.Registration
    /// Where it is.
    let url: String

    /// What other machines must show.
    private static let tokenVariable = "CONCERTO_DASHBOARD_TOKEN"

    /// Serves it. Throws the exit code if that is not possible, and has said why.
    static func start(_ place: DashboardArgument.Value, of run: BatchRun, title: String) async throws -> BatchDashboard
    {
        var options = TelemetryServer.Options()
        options.address = place.address
        options.port = place.port
        options.token = ProcessInfo.processInfo.environment[tokenVariable]
        options.dashboard = .fromStart
        options.title = title
        let rows = Diagnostics.show { Self.rows(run.progress, title: title) }
        do {
            let server: TelemetryServer
            do {
                server = try await .start(options)
            } catch  where !place.isAsked && !(error is InvalidOptionsError) {
                // Another run has the usual port.
                options.port = 0
                server = try await .start(options)
            }
            let host = place.address.contains(":") ? "[\(place.address)]" : place.address
            return BatchDashboard(server: server, rows: rows, url: "http://\(host):\(server.port)/dashboard")
        } catch {
            rows.remove()
            Terminal.complain("concerto: --dashboard: \(reason(error, place))")
            throw ExitCode(ToolExit.usage)
        }
    }

    private static func reason(_ error: any Error, _ place: DashboardArgument.Value) -> String {
        guard error is InvalidOptionsError else {
            return "\(place.address):\(place.port) cannot be listened on (\(error)); choose another, or port 0 for any"
        }
        return "other machines see the page only with a token: set \(tokenVariable) to one of 16 bytes or more; "
            + "browsers ask for it as a password. Or listen on 127.0.0.1"
    }

    /// Sends the last numbers and listens no more; waits a second at most for who does not read them.
    func stop() async {
        await server.shutdown()
        rows.remove()
    }

    // MARK: Rows

    /// Hosts that are shown: those that are held up, and those that are called most.
    private static let mostHosts = 100

    static func rows(_ progress: BatchProgress, title: String) -> [DiagnosticsRow] {
        var rows = [work(progress, title)]
        rows += hosts(progress)
        rows += progress.retryCauses.map { DiagnosticsRow(.retry, $0.key, numbers: ["count": Double($0.value)]) }
        // A failure by status is one of the statuses.
        let failures = progress.errors.filter { $0.key != "status" }.merging(
            progress.statuses.map { ("status \($0.key)", $0.value) }, uniquingKeysWith: +)
        rows += failures.map { DiagnosticsRow(.failure, $0.key, numbers: ["count": Double($0.value)]) }
        for (name, steps) in [("call", progress.calls), ("from due", progress.callsFromDue)] {
            rows.append(
                DiagnosticsRow(
                    .latency, name, histogram: .init(bounds: LatencySteps.bounds, counts: steps.counts)))
        }
        return rows
    }

    private static func work(_ progress: BatchProgress, _ title: String) -> DiagnosticsRow {
        let done = progress.finished + progress.alreadyFinished
        var numbers: [String: Double] = [
            "done": Double(done), "failed": Double(progress.failed), "attempts": Double(progress.attempts),
            "in flight": Double(progress.inFlight), "retries": Double(progress.retries),
        ]
        if let total = progress.total {
            numbers["total"] = Double(total)
            if progress.finished > 0 {
                let each = progress.elapsed / .seconds(1) / Double(progress.finished)
                numbers["seconds left"] = each * Double(max(0, total - done))
            }
        }
        let isReading = progress.elapsed == .zero && progress.planned > 0
        let state = isReading ? "reading the input: \(progress.planned) rows" : progress.trouble
        return DiagnosticsRow(.work, title, state: state, numbers: numbers)
    }

    private static func hosts(_ progress: BatchProgress) -> [DiagnosticsRow] {
        let sorted = progress.hosts.sorted { left, right in
            let (l, r) = (left.value, right.value)
            return (l.hold == nil ? 0 : 1, l.inFlight + l.waiting, right.key)
                > (r.hold == nil ? 0 : 1, r.inFlight + r.waiting, left.key)
        }
        return sorted.prefix(mostHosts).map { host, gate in
            var numbers = ["let in": Double(gate.inFlight), "waiting": Double(gate.waiting)]
            numbers["limit"] = gate.limit.map(Double.init)
            numbers["pace a second"] = gate.pace
            if gate.pausedTotal > .zero { numbers["seconds paused"] = gate.pausedTotal / .seconds(1) }
            return DiagnosticsRow(
                .host, host, state: state(gate, progress.waiting[host]), numbers: numbers)
        }
    }

    private static func state(_ gate: HostGate.Statistics, _ wait: Duration?) -> String {
        let next = wait.map { ", next call in \(Int(max(0, ($0 / .seconds(1)).rounded(.up)))) s" } ?? ""
        switch gate.hold {
        case .asked(let status): return "gate closed: asked to wait (\(status))\(next)"
        case .refuses(let status, _): return "gate paced: refuses with \(status)"
        case .fails(let status): return "circuit open: answers with \(status)\(next)"
        case .silent(let kind): return "circuit open: no answer (\(kind))\(next)"
        case nil: return wait == nil ? "open for calls" : "waits\(next)"
        }
    }
}
#endif
