import CConcerto

extension TaskLocal {
    /// Runs `body` with this value bound to `value`, on the caller's actor.
    ///
    /// What `withValue` does, but that runs its body as a closure without isolation: on 6.3 a body that inherits its
    /// caller's isolation would leave the caller's actor.
    ///
    /// **Invariant.** The binding lives on the stack that the task allocates from, so whatever is allocated there after the
    /// push must be gone before the pop. Between the two stands one call without a result, and nothing else: its frame is
    /// gone when it returns. (The task's allocator stops the program if the order is ever broken.) So this is not
    /// inlined, and the result of the body goes by capture to a variable from before the push.
    @inline(never)
    nonisolated(nonsending)
        private func bind(_ value: Value, around body: nonisolated(nonsending) () async -> Void) async
    {
        push(value)
        await body()
        concerto_task_local_pop()
    }

    /// Not asynchronous, so that the copy which the runtime takes over stands on the thread's stack.
    @inline(never)
    private func push(_ value: Value) {
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { slot in
            guard let address = slot.baseAddress else { return }
            slot.initializeElement(at: 0, to: value)
            concerto_task_local_push(
                Unmanaged.passUnretained(self).toOpaque(), address,
                unsafeBitCast(Value.self as Any.Type, to: UnsafeRawPointer.self))
        }
    }

    /// Runs `body` with this value bound to `value`, on the caller's actor; only inside a task.
    nonisolated(nonsending)
        package func binding<Success, Failure: Error>(
            _ value: Value, _ body: nonisolated(nonsending) () async throws(Failure) -> Success
        ) async throws(Failure) -> Success
    {
        var result: Result<Success, Failure>?
        await bind(value) {
            do throws(Failure) { result = .success(try await body()) } catch { result = .failure(error) }
        }
        return try result.unsafelyUnwrapped.get()
    }
}
