#if Lint
extension UnboundedTaskGroup {
    static let page = RulePage(
        id: "unbounded-task-group",
        summary: "One task for each element, with no limit.",
        severity: .info, optIn: true,
        quietInTests: true,
        needsAsync: false,
        why: """
            Ten thousand elements become ten thousand tasks at once: as many open connections, as much memory, and a queue that \
            starves everything else. It works in the test with three elements.
            """,
        instead: """
            Add the first few, then one for each that `group.next()` hands back; or `mapConcurrently(limit:)` of Concerto.
            """,
        limits: """
            Literals, ranges of constants up to `max`, `allCases`, `prefix(…)`, chunks, and bounds that are named like a limit are small. \
            A loop that takes finished children, or awaits before it adds, is bounded. Streams (`for await`) are not judged.
            """,
        options: [.init(name: "max", fallback: "64", meaning: "the largest constant count that is fine")],
        reported: [
            .init(
                "a list of tasks",
                """
                func f(_ xs: [Int]) async {
                    var tasks: [Task<Int, Never>] = []
                    ↓for x in xs { tasks.append(Task { await load(x) }) }
                    for t in tasks { use(await t.value) }
                }
                """),
            .init(
                "a mapped list of tasks",
                """
                func f(_ xs: [Int]) async {
                    let tasks = xs.↓map { x in Task { await load(x) } }
                    for t in tasks { use(await t.value) }
                }
                """),
            .init(
                "an iterator",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in
                        var it = xs.makeIterator()
                        ↓while let x = it.next() { g.addTask { await use(x) } }
                    }
                }
                """),
            .init(
                "`forEach`",
                "func f(_ xs: [Int]) async { await withTaskGroup(of: Void.self) { g in xs.↓forEach { x in g.addTask { await use(x) } } } }"
            ),
            .init(
                "a group",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in ↓for x in xs { g.addTask { await use(x) } }
                    }
                }
                """),
            .init(
                "a task for each",
                """
                func f(_ ids: [Int]) { ↓for id in ids { Task { _ = try? await load(id) } } }
                """),
            .init(
                "a discarding group",
                """
                func f(_ xs: [Int]) async {
                    await withDiscardingTaskGroup { g in ↓for x in xs { g.addTask { await use(x) } } }
                }
                """),
            .init(
                "a range up to a count",
                """
                func f(_ n: Int) async {
                    await withTaskGroup(of: Void.self) { g in ↓for i in 0..<n { g.addTask { await use(i) } }
                    }
                }
                """),
            .init(
                "enumerated",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in ↓for (i, x) in xs.enumerated() { g.addTask { await use(i, x) } }
                    }
                }
                """),
            .init(
                "a large constant",
                """
                func f() async {
                    await withTaskGroup(of: Void.self) { g in ↓for i in 0..<100_000 { g.addTask { await use(i) } }
                    }
                }
                """),
            .init(
                "collected behind the loop",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Int.self) { g in ↓for x in xs { g.addTask { await load(x) } }
                        for await v in g { use(v) }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "configured components, each asked once",
                """
                final class Provider {
                    let exporters: [any Exporter] = []
                    func flush() async throws {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for e in exporters { group.addTask { try await e.flush() } }
                            try await group.waitForAll()
                        }
                    }
                }
                """),
            .init(
                "chunks",
                """
                func f(_ xs: [Int]) async {
                    for chunk in xs.chunks(ofCount: 16) {
                        await withTaskGroup(of: Void.self) { g in for x in chunk { g.addTask { await use(x) } } }
                    }
                }
                """),
            .init(
                "a list that is written down",
                """
                struct H {
                    static let regions = ["eu", "us"]
                    func f() async {
                        await withTaskGroup(of: Void.self) { g in for r in Self.regions { g.addTask { await ping(r) } } }
                    }
                }
                """),
            .init(
                "an optional has a map as well",
                "func f(_ user: User?) { let job = user.map { u in Task { await greet(u) } } }"),
            .init(
                "an iterator behind finished children",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in
                        var it = xs.makeIterator()
                        while await g.next() != nil { if let x = it.next() { g.addTask { await use(x) } } }
                    }
                }
                """),
            .init(
                "`forEach` over a literal",
                "func f() async { await withTaskGroup(of: Void.self) { g in [1, 2].forEach { x in g.addTask { await use(x) } } } }"
            ),
            .init(
                "a small count by default",
                """
                func f(tasks: Int = 4) async {
                    await withTaskGroup(of: Void.self) { g in
                        for _ in 0..<tasks { g.addTask { await work() } }
                    }
                }
                """),
            .init(
                "services that run for ever",
                """
                func f(_ services: [Service]) async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        for s in services { g.addTask { try await s.run() } }
                        try await g.waitForAll()
                    }
                }
                """),
            .init(
                "a constant range",
                """
                func f() async {
                    await withTaskGroup(of: Void.self) { g in for _ in 0..<4 { g.addTask { await work() } }
                    }
                }
                """),
            .init(
                "a literal",
                """
                func f() async {
                    await withTaskGroup(of: Void.self) { g in
                        for x in [1, 2, 3] { g.addTask { await use(x) } }
                    }
                }
                """),
            .init(
                "takes one for each beyond the limit",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in
                        for (i, x) in xs.enumerated() {
                            if i >= 8 { await g.next() }
                            g.addTask { await use(x) }
                        }
                    }
                }
                """),
            .init(
                "a window",
                """
                func f(_ xs: [Int], _ width: Int) async {
                    await withTaskGroup(of: Void.self) { g in
                        for x in xs.prefix(width) { g.addTask { await use(x) } }
                    }
                }
                """),
            .init(
                "a bound named like one",
                """
                func f(_ maxConcurrency: Int) async {
                    await withTaskGroup(of: Void.self) { g in
                        for _ in 0..<maxConcurrency { g.addTask { await work() } }
                    }
                }
                """),
            .init(
                "all cases of an enum",
                """
                func f() async {
                    await withTaskGroup(of: Void.self) { g in
                        for c in Kind.allCases { g.addTask { await use(c) } }
                    }
                }
                """),
            .init(
                "connections of a server",
                """
                func f(_ s: Server) async {
                    await withDiscardingTaskGroup { g in
                        for await c in s.connections { g.addTask { await serve(c) } }
                    }
                }
                """),
            .init(
                "takes a permit first",
                """
                func f(_ xs: [Int]) async {
                    for x in xs {
                        await gate.acquire()
                        Task {
                            await use(x)
                            gate.release()
                        }
                    }
                }
                """),
            .init(
                "waits for each",
                """
                func f(_ xs: [Int]) async {
                    for x in xs {
                        let t = Task { await use(x) }
                        await t.value
                    }
                }
                """),
            .init("another addTask", "func f(_ xs: [Int]) { for x in xs { scheduler.addTask(x) } }"),
            .init(
                "retries until one works",
                """
                func f(_ xs: [Int]) {
                    for x in xs {
                        if ok(x) {
                            Task { await use(x) }
                            break
                        }
                    }
                }
                """),
        ])
}
#endif
