import CConcerto

/// A value behind a lock of one futex word, both on a cache line of their own.
///
/// `Synchronization.Mutex` takes a priority-inheriting futex on its slow path, which hands the lock to a sleeping
/// waiter; sections of a few nanoseconds between running threads convoy there.
struct Locked<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // Sendable: `value` is only touched while `word` is held.
    private let word: UnsafeMutablePointer<UInt32>
    private let value: UnsafeMutablePointer<Value>

    init(_ initial: consuming Value) {
        let offset = max(16, MemoryLayout<Value>.alignment)
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: (offset + MemoryLayout<Value>.size + 63) & ~63, alignment: 64)
        word = memory.initializeMemory(as: UInt32.self, to: 0)
        value = (memory + offset).bindMemory(to: Value.self, capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        value.deinitialize(count: 1)
        UnsafeMutableRawPointer(word).deallocate()
    }

    @inline(__always)
    func withLock<Result: ~Copyable, Failure>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        concerto_lock(word)
        defer { concerto_unlock(word) }
        return try body(&value.pointee)
    }
}
