import ConcertoRuntime
public import Synchronization

/// The results of a concurrent map: each worker keeps its own until it ends, so that they meet under a lock once a
/// worker and not once an element.
@usableFromInline
final class ResultBuffer<Value: Sendable>: Sendable {
    @usableFromInline typealias Chunk = [(slot: Int, value: Value)]

    @usableFromInline let chunks = Guarded<[Chunk]>([])
    /// The place of the next result to come, where results are wanted as they come.
    @usableFromInline let arrivals = Atomic(0)

    @inlinable
    init() {}

    @inlinable
    func append(_ chunk: Chunk) { chunks.withLock { $0.append(chunk) } }

    /// All values in the order of their slots, which are the numbers from 0 without a gap.
    @inlinable
    func take() -> [Value] {
        let chunks = chunks.withLock { $0 }
        let count = chunks.reduce(0) { $0 + $1.count }
        return [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            for chunk in chunks {
                for (slot, value) in chunk { buffer.initializeElement(at: slot, to: value) }
            }
            initialized = count
        }
    }
}
