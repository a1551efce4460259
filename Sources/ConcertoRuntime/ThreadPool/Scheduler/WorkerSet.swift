import Synchronization

/// A set of workers by index, of fixed capacity: whoever looks for work asks these, however many threads there have
/// ever been.
///
/// A worker adds itself before it can hold an entry and takes itself out when it holds none: one that is not here has
/// nothing in its queues. All of it is sequentially consistent, as the parking handshake demands.
struct WorkerSet: ~Copyable, @unchecked Sendable {
    // Sendable: the words are atomic and live as long as the set.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(capacity: Int) {
        count = (capacity + 63) / 64
        words = .allocate(capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: count)
        words.deallocate()
    }

    func insert(_ index: Int) {
        words[index / 64].bitwiseOr(1 << UInt64(index % 64), ordering: .sequentiallyConsistent)
    }

    func remove(_ index: Int) {
        words[index / 64].bitwiseAnd(~(1 << UInt64(index % 64)), ordering: .sequentiallyConsistent)
    }

    /// Whether `body` holds for one of the workers.
    @inline(__always)
    func contains(where body: (Int) -> Bool) -> Bool {
        first { body($0) ? true : nil } ?? false
    }

    /// What `body` returns for the first worker for which it is not `nil`, beginning with the word that holds `start`
    /// and, in it, with `start` itself.
    @inline(__always)
    func first<Result>(from start: Int = 0, where body: (Int) -> Result?) -> Result? {
        let (startWord, startBit) = (start / 64, UInt64(start % 64))
        let behind = UInt64.max << startBit
        for step in 0...count {
            // The first word comes twice: from `start` on, and at the end what is before it.
            let index = (startWord + step) % count
            var bits = words[index].load(ordering: .sequentiallyConsistent)
            if step == 0 { bits &= behind } else if step == count { bits &= ~behind }
            while bits != 0 {
                let bit = bits.trailingZeroBitCount
                if let result = body(index * 64 + bit) { return result }
                bits &= bits - 1
            }
        }
        return nil
    }
}
