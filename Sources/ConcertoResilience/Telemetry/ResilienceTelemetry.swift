import Synchronization

/// The stream of everything that strategies do. Free when nobody listens: one relaxed load.
public final class ResilienceTelemetry: Sendable {
    /// A listener that is registered. Dropping it does not remove the listener.
    public struct Registration: Sendable {
        fileprivate let id: Int
        fileprivate let telemetry: ResilienceTelemetry

        /// Removes the listener. An event that is being delivered may still reach it.
        public func remove() { telemetry.remove(id) }
    }

    private struct Listeners {
        var nextID = 0
        var all: [(id: Int, call: @Sendable (ResilienceEvent) -> Void)] = []
    }

    /// Where strategies report unless told otherwise.
    public static let shared = ResilienceTelemetry()

    @usableFromInline let count = Atomic<Int>(0)
    private let listeners = Guarded(Listeners())

    /// Creates a stream of its own, apart from ``shared``.
    public init() {}

    /// Whether anybody listens: events need not be made otherwise.
    @inlinable
    public var isActive: Bool { count.load(ordering: .relaxed) != 0 }

    /// Calls `listener` for every event from now on.
    ///
    /// - Where it runs: on the thread on which the event happens, before the strategy goes on; it must not block. It finds
    ///   the execution's context in ``ResilienceContext/current``.
    /// - Ordering: events of one execution in their order; events of different executions in no particular one.
    public func addListener(_ listener: @escaping @Sendable (ResilienceEvent) -> Void) -> Registration {
        let id = listeners.withLock { listeners in
            listeners.nextID += 1
            listeners.all.append((listeners.nextID, listener))
            count.store(listeners.all.count, ordering: .relaxed)
            return listeners.nextID
        }
        return Registration(id: id, telemetry: self)
    }

    /// The events from now on.
    ///
    /// - Cancellation: a consumer that stops reading is removed.
    /// - Parameter limit: How many events wait for a slow consumer; the oldest are dropped beyond that.
    public func events(bufferingNewest limit: Int = 1_024) -> AsyncStream<ResilienceEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ResilienceEvent.self, bufferingPolicy: .bufferingNewest(limit))
        let registration = addListener { continuation.yield($0) }
        continuation.onTermination = { _ in registration.remove() }
        return stream
    }

    /// Tells all listeners. Never called under a strategy's lock.
    public func emit(_ event: ResilienceEvent) {
        let all = listeners.withLock { $0.all }
        guard event.isWorthBinding, let context = event.context else {
            for listener in all { listener.call(event) }
            return
        }
        context.bound { for listener in all { listener.call(event) } }
    }

    private func remove(_ id: Int) {
        listeners.withLock { listeners in
            listeners.all.removeAll { $0.id == id }
            count.store(listeners.all.count, ordering: .relaxed)
        }
    }
}
