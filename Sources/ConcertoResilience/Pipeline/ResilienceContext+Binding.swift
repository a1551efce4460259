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
        // Bound to nothing, as around what a cache loads: not `init(operation:)`, which would come here again.
        self = around.pointee ?? ResilienceContext(nil)
        // The results belong to the execution around.
        if results != nil { extras = ContextExtras(clock: clock, properties: properties, results: nil) }
        attempt = 1
        mustBind = around.pointee != nil
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
        Self.pushBinding(operation, attempt, limit, extras, flags & ~1)
        return true
    }

    @inlinable
    static func unbind(_ isBound: Bool) {
        if isBound { popBinding() }
    }

    /// Calls a user's synchronous code, which finds this context as the ``current`` one; in a task or outside of one.
    func bound<Value>(_ body: () throws -> Value) rethrows -> Value {
        guard isWorthBinding else { return try body() }
        return try Self.$current.withValue(with(reading: Self.noReading)) { try body() }
    }

    /// Awaits a user's code, which finds this context as the ``current`` one.
    nonisolated(nonsending)
        func awaiting<Value>(_ body: nonisolated(nonsending) () async throws -> Value) async throws -> Value
    {
        guard isWorthBinding else { return try await body() }
        return try await Self.$current.binding(with(reading: Self.noReading)) { try await body() }
    }

    /// Takes the fields one by one, in registers: a context that has just been made would be read back from memory in other
    /// pieces than it was written in, for which the processor has to wait.
    @inline(never)
    @usableFromInline
    static func pushBinding(
        _ operation: String?, _ attempt: Int, _ deadline: TimerInstant, _ extras: ContextExtras?, _ flags: UInt
    ) {
        // Not asynchronous, so that what the runtime takes over stands on the thread's stack.
        withUnsafeTemporaryAllocation(of: ResilienceContext?.self, capacity: 1) { slot in
            guard let address = slot.baseAddress else { return }
            var context = ResilienceContext(operation, attempt, deadline, extras)
            context.flags = flags
            slot.initializeElement(at: 0, to: context)
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
