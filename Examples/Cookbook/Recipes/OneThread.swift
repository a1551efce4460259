import Concerto

/// Something that must be used from one thread only: a context with a thread of its own.
func oneThread() async throws {
    let context = SynchronizationContext.withThread(named: "database")
    let isThere = Task.run(on: context) {
        let before = SynchronizationContext.current === context
        try await Task.delay(for: .milliseconds(1))  // comes back to the context afterwards
        let after = SynchronizationContext.current === context
        // What ConfigureAwait(false) is for, as a scope.
        let outside = await withoutContext { SynchronizationContext.current == nil }
        return (before, after, outside)
    }
    print("before, after a wait, and in withoutContext: \(try await isThere.value)")
    context.stop()
}
