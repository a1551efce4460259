#if Lint
extension TaskInDefer {
    static let page = RulePage(
        id: "task-in-defer",
        summary: "A `defer` that starts a task for the cleanup: nobody waits for it.",
        severity: .warning,
        why: """
            The function returns, and the connection is still open: the cleanup has only been put in a queue. A test \
            ends before it, the next caller finds the old state, a process that exits never does it, and its errors \
            are lost.
            """,
        instead: """
            Await the cleanup on every way out (a `do`/`catch`, or a `with…` function that does it), which from Swift \
            6.4 `defer` can itself.
            """,
        limits: """
            Only in asynchronous code, which could wait, and only a task that awaits something.
            """,
        reported: [
            .init(
                "closes a connection",
                """
                func send(_ c: Client) async throws {
                    ↓defer { Task { try? await c.close() } }
                    try await c.send(1)
                }
                """),
            .init(
                "detached",
                """
                func f(_ c: Client) async {
                    ↓defer { Task.detached { await c.close() } }
                    await c.send(1)
                }
                """),
            .init(
                "behind other cleanup",
                """
                func f(_ c: Client) async {
                    ↓defer {
                        count -= 1
                        Task { await c.close() }
                    }
                    await c.send(1)
                }
                """),
            .init(
                "in a task",
                """
                func f() {
                    Task {
                        ↓defer { Task { await stop() } }
                        await work()
                    }
                }
                """),
            .init(
                "discarded",
                """
                func f(_ c: Client) async {
                    ↓defer { _ = Task { await c.close() } }
                    await c.send(1)
                }
                """),
            .init(
                "on an actor",
                "actor A { func f() async { ↓defer { Task { await self.release() } }; await work() }; func release() async {} }"
            ),
        ],
        clean: [
            .init("synchronous cleanup", "func f() async { defer { count -= 1 }; await work() }"),
            .init(
                "synchronous code",
                """
                func f(_ c: Client) {
                    defer { Task { await c.close() } }
                    c.ping()
                }
                """),
            .init(
                "the task is kept",
                """
                func f(_ c: Client) async {
                    defer { closing = Task { await c.close() } }
                    await c.send(1)
                }
                """),
            .init(
                "nothing is awaited",
                """
                func f() async {
                    defer { Task { @MainActor in isLoading = false } }
                    await work()
                }
                """),
            .init(
                "a comment says why",
                """
                func f(_ c: Client) async {
                    // Not awaited on purpose: closing may take a minute.
                    defer { Task { await c.close() } }
                    await c.send(1)
                }
                """),
            .init(
                "awaited on the way out",
                """
                func f(_ c: Client) async {
                    await c.send(1)
                    await c.close()
                }
                """),
        ])
}
#endif
