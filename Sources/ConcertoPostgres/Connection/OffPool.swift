#if PostgreSQL
import CConcerto
import Concerto
import ConcertoRuntime

/// A thread for one call.
private final class LibraryThread: Sendable {
    private let body: @Sendable () -> Void

    private init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func start(_ body: @escaping @Sendable () -> Void) throws(PostgresError) {
        let thread = Unmanaged.passRetained(LibraryThread(body))
        let code = concerto_thread_start(
            { raw in Unmanaged<LibraryThread>.fromOpaque(raw!).takeRetainedValue().body() }, thread.toOpaque(),
            "libpq", 0)
        guard code != 0 else { return }
        thread.release()
        throw PostgresError(.unreachable, "no thread can be started for libpq (errno \(code))")
    }
}

/// Calls that block, each on a thread of its own: looking names up, shaking hands, asking for a cancellation. Libpq offers
/// nothing else for the first and the last, and knows limits for each host only there.
final class OffPool<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var isAbandoned = false
    }

    private let state = Guarded(State())
    private let isDone = AsyncManualResetEvent(name: "libpq")
    private let body: @Sendable () -> Value
    private let discard: @Sendable (Value) -> Void

    private init(_ body: @escaping @Sendable () -> Value, discard: @escaping @Sendable (Value) -> Void) {
        self.body = body
        self.discard = discard
    }

    /// Runs `body` on another thread and waits for it.
    ///
    /// - Parameters:
    ///   - limit: How long to wait at most.
    ///   - discard: Gets the value of a body that nobody waits for any more.
    /// - Returns: The value; `nil` if the limit came first.
    /// - Throws: `CancellationError`. The body runs on.
    nonisolated(nonsending)
        static func run(
            limit: Duration? = nil, _ body: @escaping @Sendable () -> Value,
            discard: @escaping @Sendable (Value) -> Void
        ) async throws -> Value?
    {
        let call = OffPool(body, discard: discard)
        try LibraryThread.start { call.perform() }
        do {
            try await call.wait(limit)
        } catch {
            // It may have come at the same moment.
            if let value = call.take() { discard(value) }
            throw error
        }
        return call.take()
    }

    nonisolated(nonsending)
        private func wait(_ limit: Duration?) async throws
    {
        if let limit { _ = try await isDone.wait(timeout: limit) } else { try await isDone.wait() }
    }

    private func perform() {
        let value = body()
        let isWanted = state.withLock { state in
            if !state.isAbandoned { state.value = value }
            return !state.isAbandoned
        }
        if isWanted { isDone.set() } else { discard(value) }
    }

    private func take() -> Value? {
        state.withLock { state in
            state.isAbandoned = true
            return state.value.take()
        }
    }
}
#endif
