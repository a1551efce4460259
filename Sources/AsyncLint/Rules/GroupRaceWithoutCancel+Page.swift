#if Lint
extension GroupRaceWithoutCancel {
    static let page = RulePage(
        id: "group-race-without-cancel",
        summary: "The first child to finish wins, and the body then waits for all the others.",
        severity: .warning,
        why: """
            A group waits for every child before it returns. A timeout written as a race of two children returns after the slower one, \
            unless the body cancels: a request that took 10 ms takes the five seconds of its timeout.
            """,
        instead: "`defer { group.cancelAll() }` at the start of the body.",
        limits: "An error that leaves the body cancels the rest by itself.",
        reported: [
            .init(
                "searches",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        return await ↓g.first { $0 != nil } ?? nil
                    }
                }
                """),
            .init(
                "the first that fits",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        ↓for await r in g { if let r { return r } }
                        return nil
                    }
                }
                """),
            .init(
                "breaks out",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    await withTaskGroup(of: Int?.self) { g in
                        for m in ms { g.addTask { try? await m.load() } }
                        var first: Int?
                        ↓for await r in g {
                            first = r
                            if r != nil { break }
                        }
                        return first
                    }
                }
                """),
            .init(
                "a time limit",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask {
                            try await Task.sleep(for: .seconds(5))
                            throw Late()
                        }
                        return try await ↓g.next()!
                    }
                }
                """),
            .init(
                "through a variable",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await ↓g.next()!
                        return r
                    }
                }
                """),
            .init(
                "unwrapped",
                """
                func f() async -> Int? {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        guard let r = await ↓g.next() else { return nil }
                        return r
                    }
                }
                """),
            .init(
                "one child for each mirror",
                """
                func f(_ ms: [Mirror]) async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        for m in ms { g.addTask { try await m.load() } }
                        return try await ↓g.next()!
                    }
                }
                """),
            .init(
                "the first of an iteration",
                """
                func f() async -> Int? {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        ↓for await r in g { return r }
                        return nil
                    }
                }
                """),
            .init(
                "as a result",
                """
                func f() async -> Bool {
                    await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = await ↓g.nextResult()
                        return r != nil
                    }
                }
                """),
        ],
        clean: [
            .init(
                "children that serve the body",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        g.addTask { try await listen() }
                        try await exchange()
                        try await g.next()
                    }
                }
                """),
            .init(
                "throws behind the first: that cancels",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await serve() }
                        g.addTask { try await listen() }
                        try await g.next()
                        throw Stopped()
                    }
                }
                """),
            .init(
                "leaves when all have come",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Int.self) { g in
                        for x in xs { g.addTask { await load(x) } }
                        var done = 0
                        for await _ in g {
                            done += 1
                            if done == xs.count { break }
                        }
                    }
                }
                """),
            .init(
                "skips some",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Int?.self) { g in
                        for x in xs { g.addTask { await load(x) } }
                        for await r in g {
                            guard let r else { continue }
                            use(r)
                        }
                    }
                }
                """),
            .init(
                "a child ends the others",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await client.run() }
                        g.addTask {
                            try await pause()
                            client.shutdown()
                        }
                        try await g.next()
                    }
                }
                """),
            .init(
                "ends the others in its own way",
                """
                func f() async throws {
                    try await withThrowingTaskGroup(of: Void.self) { g in
                        g.addTask { try await client.run() }
                        g.addTask { try await pause() }
                        try await g.next()
                        client.beginGracefulShutdown()
                    }
                }
                """),
            .init(
                "cancels",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await g.next()!
                        g.cancelAll()
                        return r
                    }
                }
                """),
            .init(
                "cancels on the way out",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        defer { g.cancelAll() }
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "takes both",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let a = try await g.next()!
                        let b = try await g.next()!
                        return a + b
                    }
                }
                """),
            .init(
                "one child",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        return try await g.next()!
                    }
                }
                """),
            .init(
                "a window",
                """
                func f(_ xs: [Int]) async {
                    await withTaskGroup(of: Void.self) { g in
                        for x in xs {
                            if full { await g.next() }
                            g.addTask { await use(x) }
                        }
                    }
                }
                """),
            .init(
                "takes all",
                """
                func f() async -> Int {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        var s = 0
                        for await v in g { s += v }
                        return s
                    }
                }
                """),
            .init(
                "waits for the rest on purpose",
                """
                func f() async throws -> Int {
                    try await withThrowingTaskGroup(of: Int.self) { g in
                        g.addTask { try await load(1) }
                        g.addTask { try await load(2) }
                        let r = try await g.next()!
                        try await g.waitForAll()
                        return r
                    }
                }
                """),
            .init(
                "drains in a loop",
                """
                func f() async {
                    await withTaskGroup(of: Int.self) { g in
                        g.addTask { await load(1) }
                        g.addTask { await load(2) }
                        while let r = await g.next() { use(r) }
                    }
                }
                """),
        ])
}
#endif
