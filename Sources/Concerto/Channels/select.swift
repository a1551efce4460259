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
    /// Wakes the round up once it may be worth an attempt; returns what takes that back.
    let watch: @Sendable (SelectRound, _ index: Int) -> @Sendable () -> Void
    /// Why the case can never be waited for.
    var invalid: ArgumentError?
    /// What a reader or writer gets that comes after the end of the channel.
    var closedError: (@Sendable () -> any Error)?
    /// Of a write: what is left to do if a reader took the offer that `watch` made.
    var taken: (@Sendable () async throws -> Result)?

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
            watch: { round, _ in core.watchReadable(for: round) }, closedError: { core.closedError })
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
            watch: { round, index in
                core.isRendezvous ? core.offer(item, round, index) : core.watchWritable(for: round)
            }, closedError: { core.closedError }, taken: body)
    }

    /// Calls `body` if nothing else was ready for `duration`; with a negative one `select` throws ``ArgumentError``.
    public static func timeout(
        after duration: Duration, clock: any TimerClock = MonotonicClock(),
        _ body: @escaping @Sendable () async throws -> Result
    ) -> SelectCase {
        let deadline = clock.now.advanced(by: duration)
        return SelectCase(
            attempt: { clock.now >= deadline ? .ready(body) : .notReady },
            watch: { round, _ in
                let timer = clock.schedule(at: deadline) { round.fire() }
                return { timer.cancel() }
            },
            invalid: duration < .zero ? ArgumentError("duration", duration, "it must not be negative") : nil)
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
/// - Ordering: of several that are ready the first in the list wins. A write to a rendezvous is ready when a reader waits,
///   and is an offer while it is not: whoever reads there takes it, also another `select`.
/// - Allocates: a few objects for each case, if it has to wait.
/// - Throws: ``ChannelClosedError`` if all channels are completed (and drained, where reading) and there is no timeout,
///   with the error of the first that was completed with one; ``ArgumentError`` for an empty list or a negative timeout;
///   what the body throws.
nonisolated(nonsending)
    public func select<Result>(
        _ cases: SelectCase<Result>..., cancellation: CancellationToken = .none
    ) async throws -> Result
{
    guard !cases.isEmpty else { throw ArgumentError("cases", "empty", "select needs at least one") }
    if let invalid = cases.lazy.compactMap(\.invalid).first { throw invalid }
    while true {
        if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
        var open: [Int] = []
        for (index, candidate) in cases.enumerated() {
            switch candidate.attempt() {
            case .ready(let body): return try await body()
            case .notReady: open.append(index)
            case .closed: break
            }
        }
        guard !open.isEmpty else {
            let errors = cases.compactMap { $0.closedError?() }
            throw errors.first { ($0 as? ChannelClosedError)?.underlyingError != nil } ?? ChannelClosedError()
        }
        if let body = try await sleep(open, of: cases, cancellation) { return try await body() }
    }
}

/// Sleeps until one of the `open` cases may be ready; everything that was set up for it is gone when this returns.
///
/// A case that is closed stays so, and is not watched: it would be ready for another look for ever.
/// - Returns: What is left to do if a reader took one of the offers; then nothing else may be tried.
nonisolated(nonsending)
    private func sleep<Result>(
        _ open: [Int], of cases: [SelectCase<Result>], _ cancellation: CancellationToken
    ) async throws -> (@Sendable () async throws -> Result)?
{
    let round = SelectRound()
    // Offers first: none of them comes to a watcher of its own `select`, which would look again, and again.
    let order = open.filter { cases[$0].taken != nil } + open.filter { cases[$0].taken == nil }
    let cancels = order.map { cases[$0].watch(round, $0) }
    defer { for cancel in cancels { cancel() } }
    do { try await round.wait(cancellation) } catch {
        // A reader that was faster has the item: that cannot be taken back.
        guard let body = round.close().flatMap({ cases[$0].taken }) else { throw error }
        return body
    }
    return round.close().flatMap { cases[$0].taken }
}

extension ChannelCore {
    func watchReadable(for round: SelectRound) -> @Sendable () -> Void {
        let waiter = CallbackWaiter(of: self) { round.fire() }
        waiter.weight = ChannelRole.readSignal.rawValue
        waiter.start { state.withLock { $0.admitReadSignal(waiter, besides: round) } }
        return { waiter.leave(.cancelled) }
    }

    func watchWritable(for round: SelectRound) -> @Sendable () -> Void {
        let waiter = CallbackWaiter(of: self) { round.fire() }
        waiter.weight = ChannelRole.writeSignal.rawValue
        waiter.start { state.withLock { $0.admitWriteSignal(waiter) } }
        return { waiter.leave(.cancelled) }
    }

    /// Puts `item` into the queue of writers until the round is over.
    func offer(_ item: Element, _ round: SelectRound, _ index: Int) -> @Sendable () -> Void {
        let waiter = ItemWaiter(of: self, role: .writer, isHeld: false)
        waiter.put(item)
        waiter.offer = SelectOffer(round, index, keeping: waiter) { _ = $0.take(Element.self) }
        var wakes = WakeList()
        let sleeps = state.withLock { $0.admitOffer(waiter, into: &wakes) }
        wakes.resume()
        if !sleeps { waiter.wake() }
        return { waiter.leave(.cancelled) }
    }

    var isRendezvous: Bool { state.withLock { $0.isRendezvous } }
}
