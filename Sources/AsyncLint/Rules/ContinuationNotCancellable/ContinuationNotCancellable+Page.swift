#if Lint
extension ContinuationNotCancellable {
    static let page = RulePage(
        id: "continuation-not-cancellable",
        summary: "A continuation under a time limit that cannot be cancelled: the limit is never kept.",
        severity: .error,
        quietInTests: true,
        why: """
            A group waits for all its children. When the sleeping child wins and the other is suspended in a bare \
            continuation, cancelling it does nothing: the function returns when the callback comes, or never. The \
            time-out is there to see, and does not work.
            """,
        instead: """
            `withTaskCancellationHandler` around the continuation, whose `onCancel` ends the operation or resumes with \
            `CancellationError`.
            """,
        limits: """
            A continuation in a child of a group of which another child only sleeps, or inside a call that is named \
            like a time-out; directly, or in a function of the file that the child calls. A sleeping child that ends \
            the work itself is trusted. `continuation-not-cancellable/anywhere` reports every continuation without a \
            handler.
            """,
        reported: [
            .init(
                "a race with a sleep",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { await ↓withCheckedContinuation { c in legacy { c.resume(returning: $0) } } }
                        g.addTask {
                            try await Task.sleep(for: .seconds(1))
                            throw TimedOut()
                        }
                        defer { g.cancelAll() }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "in a function that the child calls",
                """
                func fetch() async throws -> Int {
                    try await ↓withCheckedThrowingContinuation { c in legacy { c.resume(returning: $0) } }
                }
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await fetch() }
                        g.addTask { try await Task.sleep(for: .seconds(1)); throw TimedOut() }
                        defer { g.cancelAll() }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "in a helper for time-outs",
                """
                func f() async throws -> Int {
                    try await withTimeout(.seconds(1)) {
                        await ↓withCheckedContinuation { c in legacy { c.resume(returning: $0) } }
                    }
                }
                """),
            .init(
                "a method",
                """
                final class Loader {
                    func load() async -> Int { await ↓withCheckedContinuation { c in legacy { c.resume(returning: $0) } } }
                    func limited() async throws -> Int {
                        try await runWithTimeout(seconds: 1) { await self.load() }
                    }
                }
                """),
            .init(
                "unsafe, and kept",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { await ↓withUnsafeContinuation { self.waiters.append($0) } }
                        group.addTask { try await clock.sleep(for: .seconds(1)) }
                        try await group.next()
                        group.cancelAll()
                    }
                }
                """),
            .init(
                "a trailing closure with a label",
                """
                func f() async throws -> Int {
                    try await timeout(after: 3) { try await ↓withCheckedThrowingContinuation { c in start(c) } }
                }
                """),
        ],
        clean: [
            .init(
                "a handler",
                """
                func f() async throws -> Int {
                    try await withTimeout(.seconds(1)) {
                        try await withTaskCancellationHandler {
                            try await withCheckedThrowingContinuation { c in start(c) }
                        } onCancel: { stop() }
                    }
                }
                """),
            .init(
                "nothing sleeps beside it",
                """
                func f() async -> Int {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await withCheckedContinuation { c in legacy { c.resume(returning: $0) } } }
                        return await g.next()!
                    }
                }
                """),
            .init(
                "no group",
                "func f() async -> Int { await withCheckedContinuation { c in legacy { c.resume(returning: $0) } } }"),
            .init(
                "the sleeping child ends the work",
                """
                func f(_ s: Session) async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { await withCheckedContinuation { c in s.start { c.resume() } } }
                        g.addTask {
                            try await Task.sleep(for: .seconds(1))
                            s.invalidate()
                        }
                        try await g.next()
                        g.cancelAll()
                    }
                }
                """),
            .init(
                "the function has a handler",
                """
                func fetch() async throws -> Int {
                    try await withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in start(c) }
                    } onCancel: { stop() }
                }
                func f() async throws -> Int { try await withTimeout(1) { try await fetch() } }
                """),
            .init(
                "resumed on the spot",
                """
                func f() async throws -> Int {
                    try await withTimeout(1) { await withCheckedContinuation { c in c.resume(returning: 1) } }
                }
                """),
            .init(
                "a time-out that is only noted",
                "func f() async -> Int { noteTimeout(1); return await withCheckedContinuation { c in legacy { c.resume(returning: $0) } } }"
            ),
        ])

    static let parts = [anywhere]

    static let anywhere = RulePage(
        id: "continuation-not-cancellable/anywhere",
        summary: "A continuation without a cancellation handler.",
        severity: .info, optIn: true, quietInTests: true,
        why: """
            A task that is cancelled while it is suspended in a bare continuation goes on waiting. Where the callback comes soon that \
            does not matter; where it may take minutes, nobody can stop it.
            """,
        instead: "`withTaskCancellationHandler` around it.",
        limits: "Most continuations wrap callbacks that come at once: hence opt-in.",
        reported: [
            .init("a callback", "func f() async { await ↓withCheckedContinuation { c in legacy { c.resume() } } }"),
            .init(
                "throwing",
                "func f() async throws { try await ↓withCheckedThrowingContinuation { c in legacy { c.resume() } } }"),
            .init("kept", "func f() async { await ↓withCheckedContinuation { waiter = $0 } }"),
            .init("unsafe", "func f() async { await ↓withUnsafeContinuation { c in legacy { c.resume() } } }"),
            .init(
                "in a task", "func f() { t = Task { await ↓withCheckedContinuation { c in legacy { c.resume() } } } }"),
            .init(
                "a method",
                "struct S { func f() async { await ↓withCheckedContinuation { c in legacy { c.resume() } } } }"),
        ],
        clean: [
            .init(
                "a handler",
                "func f() async { await withTaskCancellationHandler { await withCheckedContinuation { c in legacy { c.resume() } } } onCancel: { stop() } }"
            ),
            .init("resumed at once", "func f() async { await withCheckedContinuation { c in c.resume() } }"),
            .init("no continuation", "func f() async { await work() }"),
            .init("a stream's", "func f() -> AsyncStream<Int> { AsyncStream { c in c.finish() } }"),
            .init(
                "a handler with a label",
                "func f() async { await withTaskCancellationHandler(operation: { await withCheckedContinuation { c in legacy { c.resume() } } }, onCancel: { stop() }) }"
            ),
            .init(
                "somebody's own function", "func f() async { await withContinuation { c in legacy { c.resume() } } }"),
        ])
}
#endif
