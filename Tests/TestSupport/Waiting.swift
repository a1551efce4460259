import Concerto
import ConcertoTesting
import Foundation
import Synchronization

/// A state that does not come in five minutes will not come: the run ends, and says where it waited.
private struct Patience {
    private let start = ContinuousClock.now
    let file: StaticString
    let line: UInt

    func check(at now: ContinuousClock.Instant = .now) {
        if now - start > .seconds(300) { fatalError("the state never came", file: file, line: line) }
    }
}

/// Returns as soon as `condition` holds, or the test's time is over; lets other tasks run meanwhile.
package func until(file: StaticString = #file, line: UInt = #line, _ condition: () -> Bool) async {
    let patience = Patience(file: file, line: line)
    while !condition(), !Task.isCancelled {
        patience.check()
        await Task.yield()
    }
}

/// A gate that a test opens: whoever waits goes on, or leaves when its task is cancelled.
package final class Latch: Sendable {
    private let opened = CancellationTokenSource()

    package init() {}

    package func open() { opened.cancel() }

    package func wait() async throws {
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        opened.token.register { end.finish() }
        for await _ in stream {}
        if !opened.token.isCancellationRequested { throw CancellationError() }
    }
}

/// The random numbers of one test; the seed is printed, and `CONCERTO_TEST_SEED` repeats a run.
package func seededRandom(_ test: String = #function) -> SeededRandom {
    let given = ProcessInfo.processInfo.environment["CONCERTO_TEST_SEED"].flatMap(UInt64.init)
    let random = given.map(SeededRandom.init(seed:)) ?? SeededRandom()
    print("\(test): CONCERTO_TEST_SEED=\(random.seed)")
    return random
}

/// Moves `clock` from timer to timer until `isDone`. Timers further away than `horizon` are for mishaps and never fire.
///
/// Whoever was woken gets a few turns, and three milliseconds, before time goes on: a task that is on its way to its next wait,
/// on a busy machine, would otherwise find that the wait is over. Turns alone are not enough: its thread may be the one that
/// the kernel does not let run.
package func drive(
    _ clock: ManualClock, horizon: Duration = .seconds(2_000), file: StaticString = #file, line: UInt = #line,
    until isDone: () -> Bool
) async {
    let patience = Patience(file: file, line: line)
    var changed = ContinuousClock.now
    var seen: (pending: Int, next: TimerInstant?) = (0, nil)
    var quietTurns = 0
    while !isDone(), !Task.isCancelled {
        let time = ContinuousClock.now
        patience.check(at: time)
        let now = (pending: clock.pending, next: clock.nextDeadline)
        if now != seen { (quietTurns, changed) = (0, time) }
        quietTurns += 1
        seen = now
        if quietTurns >= 8, time - changed > .milliseconds(3) {
            (quietTurns, changed) = (0, time)
            clock.advanceToNextTimer(before: clock.now.advanced(by: horizon))
        }
        await Task.yield()
    }
}

/// Something that several tasks change.
package final class Shared<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    package init(_ value: Value) { storage = Mutex(value) }

    package var value: Value { storage.withLock { $0 } }

    package func change(_ change: (inout Value) -> Void) { storage.withLock { change(&$0) } }
}

/// Whether a task has ended, to be asked from outside.
package final class Flag: Sendable {
    private let value = Atomic(false)

    package init() {}

    package var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
    package func set() { value.store(true, ordering: .sequentiallyConsistent) }
}
