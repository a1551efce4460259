#if Lint
extension GroupNeverDrained {
    static let page = RulePage(
        id: "group-never-drained",
        summary: "A task group that takes in children for ever and never takes out their results: they pile up.",
        severity: .warning,
        why: """
            A group keeps every finished child until somebody takes its result. A server that adds one for each \
            connection and never calls `next()` grows with every connection it has ever had.
            """,
        instead: """
            `withDiscardingTaskGroup`, or `withThrowingDiscardingTaskGroup`, which forget a child when it ends.
            """,
        limits: """
            Only children added in a `for await` or an endless loop, in a group whose results nobody takes in that \
            loop, and which is not handed on.
            """,
        reported: [
            .init(
                "a server",
                """
                func serve(_ s: Server) async {
                    await ↓withTaskGroup(of: Void.self) { group in
                        for await connection in s.connections { group.addTask { await handle(connection) } }
                    }
                }
                """),
            .init(
                "throwing",
                """
                func serve(_ s: Server) async throws {
                    try await ↓withThrowingTaskGroup(of: Void.self) { group in
                        for try await c in s.connections { group.addTask { try await handle(c) } }
                        try await group.waitForAll()
                    }
                }
                """),
            .init(
                "endless",
                """
                func run() async {
                    await ↓withTaskGroup(of: Void.self) { g in
                        while true {
                            let job = await queue.next()
                            g.addTask { await job.run() }
                        }
                    }
                }
                """),
            .init(
                "until it is cancelled",
                """
                func run() async {
                    await ↓withTaskGroup(of: Void.self) { g in
                        while !Task.isCancelled {
                            let job = await queue.next()
                            g.addTask { await job.run() }
                        }
                    }
                }
                """),
            .init(
                "an iterator by hand",
                """
                func run(_ s: AsyncStream<Int>) async {
                    await ↓withTaskGroup(of: Void.self) { g in
                        var it = s.makeAsyncIterator()
                        while let x = await it.next() { g.addTask { await use(x) } }
                    }
                }
                """),
            .init(
                "unless it is cancelled",
                """
                func serve(_ s: Server) async {
                    await ↓withTaskGroup(of: Void.self) { g in
                        for await c in s.connections { _ = g.addTaskUnlessCancelled { await handle(c) } }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a discarding group",
                """
                func serve(_ s: Server) async {
                    await withDiscardingTaskGroup { g in for await c in s.connections { g.addTask { await handle(c) } } }
                }
                """),
            .init(
                "takes results in the loop",
                """
                func serve(_ s: Server) async {
                    await withTaskGroup(of: Void.self) { g in
                        for await c in s.connections {
                            if busy { await g.next() }
                            g.addTask { await handle(c) }
                        }
                    }
                }
                """),
            .init(
                "a list",
                """
                func run(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in for x in xs { g.addTask { await use(x) } } }
                }
                """),
            .init(
                "handed on",
                """
                func serve(_ s: Server) async {
                    await withTaskGroup(of: Void.self) { g in
                        for await c in s.connections {
                            g.addTask { await handle(c) }
                            await drain(&g)
                        }
                    }
                }
                """),
            .init(
                "one child",
                """
                func run(_ s: Server) async {
                    await withTaskGroup(of: Void.self) { g in
                        g.addTask { await s.run() }
                        for await c in s.connections { await handle(c) }
                    }
                }
                """),
            .init(
                "a loop that counts",
                """
                func run() async {
                    await withTaskGroup(of: Void.self) { g in
                        var n = 0
                        while n < 10 {
                            g.addTask { await use(1) }
                            n += 1
                        }
                    }
                }
                """),
            .init(
                "leaves with the first",
                """
                func run(_ s: AsyncStream<Int>) async {
                    await withTaskGroup(of: Void.self) { g in
                        for await x in s {
                            g.addTask { await use(x) }
                            break
                        }
                    }
                }
                """),
        ])
}
#endif
