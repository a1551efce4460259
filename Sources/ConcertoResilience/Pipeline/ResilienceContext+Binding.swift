import CConcerto

extension ResilienceContext {
    /// The context around the current code, or an empty one, made the start of a new execution.
    @inlinable
    init(inheriting operation: String?, reading: TimerInstant) {
        if let around = Self.around {
            self.init(continuing: around, operation, reading)
        } else {
            self.init(operation, 1, reading: reading)
        }
    }

    /// Out of line: where the binding of the context around the current code stands; `nil` outside of any.
    @inline(never)
    @usableFromInline
    static var around: UnsafePointer<ResilienceContext?>? {
        concerto_task_local_get(key)?.assumingMemoryBound(to: ResilienceContext?.self)
    }

    @usableFromInline
    init(continuing around: UnsafePointer<ResilienceContext?>, _ operation: String?, _ reading: TimerInstant) {
        self = around.pointee ?? ResilienceContext()
        // The results belong to the execution around.
        if results != nil { extras = ContextExtras(clock: clock, properties: properties, results: nil) }
        attempt = 1
        mustBind = true
        self.reading = reading
        if let operation { self.operation = operation }
    }

    /// Makes this context the ``current`` one of this task until ``unbind(_:)``, if code far below learns anything from it.
    ///
    /// What `$current.withValue` does, but that runs its body as a closure without isolation: on 6.3 a body that inherits its
    /// caller's isolation would leave the caller's actor, and the way there and back are two hops.
    ///
    /// **Invariant.** The binding lives on the stack that the task allocates from, so whatever is allocated there after the
    /// push must be gone before the pop. Between the two stands one call whose result goes to a variable from before the
    /// push, and nothing else: its frame is gone when it returns or throws, and no value outlives the pop. (The task's
    /// allocator stops the program if the order is ever broken.)
    ///
    /// - Returns: What ``unbind(_:)`` is to be told.
    @inlinable
    func bind() -> Bool {
        guard isWorthBinding else { return false }
        Self.pushBinding(operation, attempt, deadline, extras)
        return true
    }

    @inlinable
    static func unbind(_ isBound: Bool) {
        if isBound { popBinding() }
    }

    /// Takes the fields one by one, in registers: a context that has just been made would be read back from memory in other
    /// pieces than it was written in, for which the processor has to wait.
    @inline(never)
    @usableFromInline
    static func pushBinding(_ operation: String?, _ attempt: Int, _ deadline: TimerInstant, _ extras: ContextExtras?) {
        // Not asynchronous, so that what the runtime takes over stands on the thread's stack.
        withUnsafeTemporaryAllocation(of: ResilienceContext?.self, capacity: 1) { slot in
            guard let address = slot.baseAddress else { return }
            slot.initializeElement(at: 0, to: ResilienceContext(operation, attempt, deadline, extras))
            concerto_task_local_push(key, address, operation == nil && extras == nil ? plainType : type)
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

    /// What a context without references is to the runtime: that many bytes, whose copies it need not count.
    private static var plainType: UnsafeRawPointer {
        assert(MemoryLayout<PlainContext>.size == MemoryLayout<ResilienceContext?>.stride)
        assert(MemoryLayout<PlainContext>.alignment == MemoryLayout<ResilienceContext?>.alignment)
        return unsafeBitCast(PlainContext.self as Any.Type, to: UnsafeRawPointer.self)
    }
}

/// As many words as an optional context.
private struct PlainContext {
    var words: (Int, Int, Int, Int, Int, Int, Int)
}
