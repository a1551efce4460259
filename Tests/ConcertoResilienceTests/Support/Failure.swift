import ConcertoResilience

/// An error of the tests.
struct Failure: Error, Hashable {
    var number = 0
}

/// An error that says when to come back.
struct Busy: RetryAfterProviding, Hashable {
    var retryAdvice: RetryAdvice
}

/// Counts calls from anywhere.
final class Counter: Sendable {
    private let state = Guarded(0)

    var value: Int { state.withLock { $0 } }

    @discardableResult
    func increment(by amount: Int = 1) -> Int {
        state.withLock { state in
            state += amount
            return state
        }
    }
}

/// Collects values from anywhere, in order.
final class Log<Entry: Sendable>: Sendable {
    private let state = Guarded([Entry]())

    var entries: [Entry] { state.withLock { $0 } }

    func append(_ entry: Entry) { state.withLock { $0.append(entry) } }
}
