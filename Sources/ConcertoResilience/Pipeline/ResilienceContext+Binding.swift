import CConcerto

extension ResilienceContext {
    /// The context around the current code, or an empty one, made the start of a new execution.
    @usableFromInline
    init(inheriting operation: String?, reading: TimerInstant) {
        if let around = concerto_task_local_get(Self.key) {
            self = around.assumingMemoryBound(to: ResilienceContext?.self).pointee ?? ResilienceContext(bare: ())
            results = nil
            attempt = 1
        } else {
            self.init(bare: ())
        }
        self.reading = reading
        if let operation { self.operation = operation }
    }

    /// Makes this context the ``current`` one of this task until ``popBinding()``.
    ///
    /// What `$current.withValue` does, but that runs its body as a closure without isolation: on 6.3 a body that inherits its
    /// caller's isolation would leave the caller's actor, and the way there and back are two hops.
    ///
    /// **Invariant.** The binding lives on the stack that the task allocates from, so whatever is allocated there after the
    /// push must be gone before the pop. Between the two stands one call whose result goes to a variable from before the
    /// push, and nothing else: its frame is gone when it returns or throws, and no value outlives the pop. (The task's
    /// allocator stops the program if the order is ever broken.)
    @inline(never)
    @usableFromInline
    func pushBinding() {
        // Not asynchronous, so that the copy which the runtime takes over stands on the thread's stack.
        withUnsafeTemporaryAllocation(of: ResilienceContext?.self, capacity: 1) { slot in
            guard let address = slot.baseAddress else { return }
            slot.initializeElement(at: 0, to: self)
            address.pointee?.reading = Self.noReading
            concerto_task_local_push(Self.key, address, Self.type)
        }
    }

    @inline(never)
    @usableFromInline
    static func popBinding() { concerto_task_local_pop() }

    /// What the runtime knows ``current`` by.
    private static var key: UnsafeRawPointer { UnsafeRawPointer(Unmanaged.passUnretained($current).toOpaque()) }

    private static var type: UnsafeRawPointer {
        unsafeBitCast(ResilienceContext?.self as Any.Type, to: UnsafeRawPointer.self)
    }
}
