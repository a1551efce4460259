import Concerto
import Synchronization
import TestSupport

@testable import ConcertoDiagnostics

/// Keeps tasks where the test wants them, and lets them go at its end.
final class Field: Sendable {
    private let continuations = Mutex<[UnsafeContinuation<Void, Never>]>([])

    /// Waits for a continuation, until ``open()``.
    @inline(never)
    func wait() async {
        await withUnsafeContinuation { continuation in
            continuations.withLock { $0.append(continuation) }
        }
    }

    var waiting: Int { continuations.withLock { $0.count } }

    func open() {
        continuations.withLock { waiting in
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }
}

/// Dumps until one satisfies `condition`, or the test's time is over; other tests run beside this one.
func dump(until condition: (TaskDump) -> Bool) async throws -> TaskDump {
    var dump = TaskDump.capture()
    while !condition(dump) {
        try Task.checkCancellation()
        // A dump keeps its thread: what it looks for needs turns too.
        for _ in 0..<100 { await Task.yield() }
        dump = TaskDump.capture()
    }
    return dump
}

extension TaskDump {
    func named(_ name: String) -> [Entry] { tasks.filter { $0.name == name } }

    func functions(_ entry: Entry) -> [String] { entry.stack.map { stacks[$0].functions } ?? [] }
}
