#if Batch
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Foundation

@testable import ConcertoBatch

/// A folder, a clock that stands still and a server that a test writes: what a run needs.
struct RunSetup: Sendable {
    let folder: TemporaryFolder
    let clock = ManualClock()
    /// Timers further away are for mishaps and never fire.
    private let horizon: Duration

    init(horizon: Duration = .seconds(2_000)) throws {
        folder = try TemporaryFolder()
        self.horizon = horizon
    }

    func options(_ change: (inout BatchOptions) -> Void = { _ in }) -> BatchOptions {
        var options = BatchOptions()
        options.input = folder("input")
        options.output = folder("out")
        // Only the driver of a test could let attempts expire, and it does not go that far.
        options.timeout = .seconds(80_000)
        options.concurrency = 4
        change(&options)
        return options
    }

    func transport(_ script: @escaping @Sendable (HTTPCall, Int) async throws -> HTTPReply) -> ScriptedTransport {
        ScriptedTransport(clock: clock, script)
    }

    func run(_ options: BatchOptions, _ transport: ScriptedTransport) throws -> BatchRun {
        try BatchRun(options, transport: transport, clock: clock)
    }

    /// Runs to the end in virtual time.
    @discardableResult
    func finish(_ options: BatchOptions, _ transport: ScriptedTransport) async throws -> BatchSummary {
        try await finish(try run(options, transport))
    }

    @discardableResult
    func finish(_ run: BatchRun) async throws -> BatchSummary {
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await run.run()
        }
        await drive(clock, horizon: horizon) { ended.isSet }
        return try await task.value
    }

    /// The results by id; a row that stands there twice, or is no JSON, makes this throw.
    func results() throws -> [String: [String: Any]] {
        var results: [String: [String: Any]] = [:]
        for line in try folder.lines("out") {
            guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let id = object["id"], results.updateValue(object, forKey: "\(id)") == nil
            else { throw BadOutput(line: line) }
        }
        return results
    }

    func kind(_ result: [String: Any]?) -> String? { (result?["error"] as? [String: String])?["kind"] }

    struct BadOutput: Error { var line: String }
}
#endif
