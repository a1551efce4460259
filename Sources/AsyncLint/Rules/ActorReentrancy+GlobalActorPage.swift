#if Lint
extension ActorReentrancy {
    static let globalActor = RulePage(
        id: "actor-reentrancy-check-then-act/global-actor",
        summary: "A type on a global actor checks its state, awaits, and acts on what it saw before.",
        severity: .info, quietInTests: true,
        why: """
            `@MainActor` keeps two calls from running at the same moment, not from running in between: every `await` lets others in. Two \
            taps both find the cache empty.
            """,
        instead: "Look again behind the `await`, or keep the task that does the work and await it from both.",
        limits:
            "As for actors. A type on the main actor is mostly called by one user at a time: hence only an information.",
        reported: [
            .init(
                "a cache",
                """
                @MainActor final class Cache {
                    var value: Int?
                    func get() async -> Int {
                        if let value { return value }
                        let v = await load(1)
                        ↓value = v
                        return v
                    }
                }
                """),
            .init(
                "a guard",
                """
                @MainActor final class Login {
                    var session: Session?
                    func open() async {
                        guard session == nil else { return }
                        let s = await connect()
                        ↓session = s
                    }
                }
                """),
            .init(
                "another global actor",
                """
                @globalActor actor DB { static let shared = DB() }
                @DB final class Store {
                    var rows: [Int] = []
                    func fill() async {
                        guard rows.isEmpty else { return }
                        let r = await load(1)
                        ↓rows = [r]
                    }
                }
                """),
            .init(
                "one expression",
                "@MainActor final class T { var sum = 0; func add(_ i: Int) async { ↓sum = sum + (await price(i)) } }"),
            .init(
                "a copy",
                """
                @MainActor final class T {
                    var count = 0
                    func add() async {
                        let old = count
                        await save(1)
                        ↓count = old + 1
                    }
                }
                """),
            .init(
                "a structure",
                """
                @MainActor struct T {
                    var value: Int?
                    mutating func get() async {
                        guard value == nil else { return }
                        let v = await load(1)
                        ↓value = v
                    }
                }
                """),
        ],
        clean: [
            .init(
                "no isolation",
                """
                final class Cache {
                    var value: Int?
                    func get() async {
                        guard value == nil else { return }
                        let v = await load(1)
                        value = v
                    }
                }
                """),
            .init(
                "looks again",
                """
                @MainActor final class Cache {
                    var value: Int?
                    func get() async {
                        guard value == nil else { return }
                        let v = await load(1)
                        guard value == nil else { return }
                        value = v
                    }
                }
                """),
            .init(
                "stored before the await",
                """
                @MainActor final class Cache {
                    var job: Task<Int, Never>?
                    func get() async -> Int {
                        if let job { return await job.value }
                        let t = Task { await load(1) }
                        job = t
                        return await t.value
                    }
                }
                """),
            .init(
                "outside the actor",
                """
                @MainActor final class Cache {
                    var value: Int?
                    nonisolated func get() async -> Int { await load(1) }
                }
                """),
            .init(
                "nothing is awaited between",
                """
                @MainActor final class Cache {
                    var value: Int?
                    func get() async {
                        let v = await load(1)
                        guard value == nil else { return }
                        value = v
                    }
                }
                """),
            .init(
                "a flag set before",
                """
                @MainActor final class Cache {
                    var isLoading = false
                    func get() async {
                        guard !isLoading else { return }
                        isLoading = true
                        await load(1)
                        isLoading = false
                    }
                }
                """),
        ])
}
#endif
