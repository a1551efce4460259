#if Lint
extension ForcedTryOnAwait {
    static let page = RulePage(
        id: "forced-try-on-await",
        summary: "`try! await`: being cancelled is enough to stop the process.",
        severity: .warning,
        quietInTests: true,
        why: """
            Most asynchronous calls throw when their task is cancelled, and cancelling is ordinary: a caller that gave \
            up, a group whose first child failed, a graceful shutdown. `try!` turns that into a crash, far from the \
            reason.
            """,
        instead: """
            `try await` and let the error out, or a `catch` that knows what to do.
            """,
        limits: """
            Off in tests. What is known to throw another type only is left alone.
            """,
        reported: [
            .init("a sleep", "func f() async { ↓try! await Task.sleep(for: .seconds(1)) }"),
            .init("a continuation", "func f() async { ↓try! await withCheckedThrowingContinuation { start($0) } }"),
            .init("a value", "func f() async -> Int { ↓try! await load(1) }"),
            .init("in a task", "func f() { Task { ↓try! await save(1) } }"),
            .init("part of a call", "func f() async { use(↓try! await load(1)) }"),
            .init("bound", "func f() async { let v = ↓try! await load(1); use(v) }"),
        ],
        clean: [
            .init("synchronous", "func f() { let r = try! Regex(\"a\"); use(r) }"),
            .init("lets it out", "func f() async throws { try await save(1) }"),
            .init("optional", "func f() async { _ = try? await load(1) }"),
            .init("the await is in a closure", "func f() async { try! run { await work() } }"),
            .init(
                "another type of error",
                """
                func store() async throws(Full) {}
                func f() async { try! await store() }
                """),
            .init(
                "never throws",
                """
                func store() async throws(Never) {}
                func f() async { try! await store() }
                """),
        ])
}
#endif
