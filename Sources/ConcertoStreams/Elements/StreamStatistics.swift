public import Synchronization

/// What has gone through a stream that is `instrumented(by:clock:)`, over all of its iterations.
///
/// - Allocates: itself. An element costs two looks at the clock and three additions.
public final class StreamStatistics: Sendable {
    /// What the counters say at one moment.
    public struct Snapshot: Sendable, Hashable, Codable {
        /// How many elements have come out.
        public var elements = 0
        /// How many iterations have failed.
        public var failures = 0
        /// How many iterations have begun.
        public var iterations = 0
        /// For how long loops have waited for elements, in nanoseconds.
        public var waitingNanoseconds: Int64 = 0
        /// For how long loops have been busy with elements, in nanoseconds.
        public var busyNanoseconds: Int64 = 0

        /// Creates a snapshot of nothing.
        public init() {}
    }

    /// What the stream is called.
    public let name: String

    @usableFromInline let elements = Atomic(0)
    @usableFromInline let failures = Atomic(0)
    @usableFromInline let iterations = Atomic(0)
    @usableFromInline let waiting = Atomic<Int64>(0)
    @usableFromInline let busy = Atomic<Int64>(0)

    /// Creates counters.
    public init(name: String) { self.name = name }

    /// What the counters say now; each is right, together they may be of slightly different moments.
    public var snapshot: Snapshot {
        var snapshot = Snapshot()
        snapshot.elements = elements.load(ordering: .relaxed)
        snapshot.failures = failures.load(ordering: .relaxed)
        snapshot.iterations = iterations.load(ordering: .relaxed)
        snapshot.waitingNanoseconds = waiting.load(ordering: .relaxed)
        snapshot.busyNanoseconds = busy.load(ordering: .relaxed)
        return snapshot
    }
}
