import CConcerto

/// Seams of the runtime that Concerto's own targets build on. Not for others: no promise holds for them.
///
/// None of these is inlined, so that the compiler cannot carry the address of a thread-local across a suspension.
public enum _PoolInternals {
    /// Whether this thread is a worker of a pool.
    @inline(never)
    public static var isOnPoolThread: Bool { concerto_thread_self().pointee.worker != nil }

    // MARK: Blocking

    /// Tells the pool of this thread that it is about to block. `true` if ``leaveBlocking()`` has to follow, on
    /// the same thread.
    @inline(never)
    public static func enterBlocking() -> Bool {
        guard let raw = concerto_thread_self().pointee.worker else { return false }
        let worker = raw.assumingMemoryBound(to: Worker.self)
        worker.pointee.scheduler._withUnsafeGuaranteedRef { $0.beginBlocking(worker) }
        return true
    }

    /// Ends what ``enterBlocking()`` began.
    @inline(never)
    public static func leaveBlocking() {
        let worker = concerto_thread_self().pointee.worker!.assumingMemoryBound(to: Worker.self)
        worker.pointee.scheduler._withUnsafeGuaranteedRef { $0.endBlocking(worker) }
    }

    // MARK: Starting a task in place

    /// Makes the pool keep the next job that this thread would enqueue, instead of queueing it.
    ///
    /// ```swift
    /// let armed = _PoolInternals.keepNextJob()
    /// async let result = body()
    /// if armed, let task = _PoolInternals.takeKeptJob() {
    ///     _PoolInternals.start(task, isolation: isolation)      // runs until the body's first suspension
    /// }
    /// return try await result
    /// ```
    ///
    /// The pointer is the child task: it can be given to ``cancel(_:)`` until the `async let` has been awaited.
    ///
    /// - Returns: `false` where no pool would see the job (the stock executor): then nothing is armed.
    @inline(never)
    public static func keepNextJob() -> Bool {
        let slots = concerto_thread_self()
        guard Installation.isInstalled || slots.pointee.worker != nil else { return false }
        slots.pointee.keeps = true
        return true
    }

    /// Disarms ``keepNextJob()`` and returns the job if one was kept. It must then be started.
    ///
    /// - Returns: `nil` if nothing was enqueued here: the task went to another executor, as any task would.
    @inline(never)
    public static func takeKeptJob() -> UnsafeMutableRawPointer? {
        let slots = concerto_thread_self()
        slots.pointee.keeps = false
        defer { slots.pointee.kept = nil }
        return slots.pointee.kept
    }

    /// Starts a kept task on this thread, now, as `Task.immediate` does; returns at its first suspension or its end.
    ///
    /// - Parameter isolation: The actor that the caller is isolated to: the task then runs without giving it up
    ///   first; `nil` outside of any.
    @inline(never)
    public static func start(_ task: UnsafeMutableRawPointer, isolation: (any Actor)?) {
        guard let isolation else { return concerto_task_start(task, nil, nil) }
        let words = unsafeBitCast(
            isolation.unownedExecutor, to: (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?).self)
        concerto_task_start(task, words.0, words.1)
    }

    /// Cancels a task by the pointer that ``takeKeptJob()`` returned. The task must still exist.
    @inline(never)
    public static func cancel(_ task: UnsafeMutableRawPointer) { concerto_task_cancel(task) }

    // MARK: Main loop

    /// Whether this is the main thread and Concerto's main loop may be run here, also from inside one of its jobs.
    @inline(never)
    public static var canPumpMainLoop: Bool { MainLoop.shared.isInstalled && concerto_is_main_thread() }

    /// Whether this is the main thread of the process.
    @inline(never)
    public static var isMainThread: Bool { concerto_is_main_thread() }

    /// Runs the main loop on this thread (jobs of the main actor and libdispatch's main queue) until `condition` is
    /// true. Re-entrant. The condition is looked at after every job and every ``wakeMainLoop()``.
    ///
    /// - Precondition: ``canPumpMainLoop``.
    @inline(never)
    public static func pumpMainLoop(until condition: () -> Bool) { MainLoop.shared.run(until: condition) }

    /// Makes the main loop look at its conditions again. From any thread.
    @inline(never)
    public static func wakeMainLoop() { MainLoop.shared.wakeUp() }
}
