public import ConcertoRuntime
import Synchronization

/// One of the things that ``select(_:cancellation:)`` waits for.
public struct SelectCase<Result>: Sendable {
    enum Attempt {
        case notReady
        case closed
        case ready(@Sendable () async throws -> Result)
    }

    let attempt: @Sendable () -> Attempt
    /// Calls back once it may be worth an attempt; returns what takes that back.
    let watch: @Sendable (@escaping @Sendable () -> Void) -> @Sendable () -> Void
    let isTimer: Bool

    /// Reads an item from `channel` and hands it to `body`.
    public static func read<Channel: ChannelProtocol>(
        _ channel: Channel, _ body: @escaping @Sendable (Channel.Element) async throws -> Result
    ) -> SelectCase {
        let core = channel.core
        return SelectCase(
            attempt: {
                if let item = core.tryRead() { return .ready { try await body(item) } }
                return core.state.withLock { $0.isDrained } ? .closed : .notReady
            },
            watch: { core.watchReadable($0) }, isTimer: false)
    }

    /// Writes `item` to `channel` and then calls `body`.
    public static func write<Channel: ChannelProtocol>(
        _ item: Channel.Element, to channel: Channel, _ body: @escaping @Sendable () async throws -> Result
    ) -> SelectCase {
        let core = channel.core
        return SelectCase(
            attempt: {
                if core.tryWrite(item) { return .ready(body) }
                return core.state.withLock { $0.isClosed } ? .closed : .notReady
            },
            watch: { core.watchWritable($0) }, isTimer: false)
    }

    /// Calls `body` if nothing else was ready for `duration`.
    public static func timeout(
        after duration: Duration, clock: any TimerClock = MonotonicClock(),
        _ body: @escaping @Sendable () async throws -> Result
    ) -> SelectCase {
        let deadline = clock.now.advanced(by: duration)
        return SelectCase(
            attempt: { clock.now >= deadline ? .ready(body) : .notReady },
            watch: { action in
                let timer = clock.schedule(at: deadline, action)
                return { timer.cancel() }
            }, isTimer: true)
    }
}

/// Waits until one of `cases` is ready, does it, and returns what its body returns; the other channels are left alone.
///
/// ```swift
/// let text = try await select(
///     .read(orders) { "order \($0)" },
///     .read(stops) { _ in "stop" },
///     .timeout(after: .seconds(1)) { "nothing for a second" })
/// ```
///
/// - Cancellation: of the task or the token ends the wait with `CancellationError`; nothing has been taken then.
/// - Where it runs: the body runs on the caller's task.
/// - Ordering: of several that are ready the first in the list wins.
/// - Allocates: a few objects for each case, if it has to wait.
/// - Throws: ``ChannelClosedError`` if all channels are completed (and drained, where reading) and there is no timeout;
///   ``ArgumentError`` for an empty list; what the body throws.
nonisolated(nonsending)
    public func select<Result>(
        _ cases: SelectCase<Result>..., cancellation: CancellationToken = .none
    ) async throws -> Result
{
    guard !cases.isEmpty else { throw ArgumentError("cases", "empty", "select needs at least one") }
    while true {
        if Task.isCancelled || cancellation.isCancellationRequested { throw CancellationError() }
        var open = 0
        for candidate in cases {
            switch candidate.attempt() {
            case .ready(let body): return try await body()
            case .notReady: open += 1
            case .closed: break
            }
        }
        guard open > 0 else { throw ChannelClosedError() }
        // Any watcher may fire while the others are still being set up; the gate remembers.
        let gate = TaskHandle<Void>(promiseNamed: nil)
        let cancels = cases.map { $0.watch { gate.complete(.success(())) } }
        defer { for cancel in cancels { cancel() } }
        try await gate.waitForEnd(cancellation)
    }
}

extension ChannelCore {
    func watchReadable(_ action: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let waiter = CallbackWaiter(of: self, action)
        waiter.weight = Role.readSignal.rawValue
        waiter.start { state.withLock { $0.isDrained ? $0.readSignals.append(waiter) : $0.admitReadSignal(waiter) } }
        return { waiter.leave(.cancelled) }
    }

    func watchWritable(_ action: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let waiter = CallbackWaiter(of: self, action)
        waiter.weight = Role.writeSignal.rawValue
        waiter.start { state.withLock { $0.isClosed ? $0.writeSignals.append(waiter) : $0.admitWriteSignal(waiter) } }
        return { waiter.leave(.cancelled) }
    }
}
