#if Lint
extension RetryIgnoresCancellation {
    static let page = RulePage(
        id: "retry-ignores-cancellation",
        summary: "A retry loop that takes cancellation for a failure and tries again.",
        severity: .warning,
        quietInTests: true,
        why: """
            A cancelled attempt throws `CancellationError`; the catch treats it like any other error and starts the next attempt, which \
            fails at once too. The loop burns all its tries after the caller has gone, or never ends.
            """,
        instead: """
            `catch is CancellationError { throw CancellationError() }` in front, `while !Task.isCancelled`, or a pause that lets \
            cancellation out: `try await Task.sleep(for:)`. `Retry` of Concerto does it right.
            """,
        limits: """
            A retry is a loop with an attempt that leaves it on success, or a function that calls itself in its catch. A loop over elements that isolates their errors is none. A catch \
            that decides by the error whether to go on is trusted.
            """,
        reported: [
            .init(
                "success sets what the loop waits for",
                """
                func f() async {
                    var connected = false
                    while !connected { ↓do {
                            try await save(1)
                            connected = true
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "`guard` goes round",
                """
                func f() async -> Int {
                    while true {
                        guard let v = ↓try? await load(1) else { continue }
                        return v
                    }
                }
                """),
            .init(
                "the number of the attempt is only noted",
                """
                func f() async throws -> Int {
                    for attempt in 1...3 { ↓do {
                            log("attempt \\(attempt)")
                            return try await load(1)
                        } catch { log(error) }
                    }
                    throw Failed()
                }
                """),
            .init(
                "calls itself",
                """
                func fetch(_ left: Int) async throws -> Int {
                    ↓do { return try await load(1) } catch {
                        guard left > 0 else { throw error }
                        return try await fetch(left - 1)
                    }
                }
                """),
            .init(
                "tested behind the attempt",
                """
                func f() async -> Int? {
                    for _ in 0..<3 {
                        let v = ↓try? await load(1)
                        if let v { return v }
                    }
                    return nil
                }
                """),
            .init(
                "`try?`",
                "func f() async -> Int? { var n = 0; while n < 3 { if let v = ↓try? await load(1) { return v }; n += 1 }; return nil }"
            ),
            .init(
                "endless",
                """
                func f() async {
                    while true { ↓do {
                            try await save(1)
                            break
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "a counter",
                """
                func f() async throws -> Int {
                    var left = 3
                    while left > 0 { ↓do { return try await load(1) } catch { left -= 1 } }
                    throw Failed()
                }
                """),
            .init(
                "a range",
                """
                func f() async throws -> Int {
                    for _ in 0..<3 { ↓do { return try await load(1) } catch { log(error) } }
                    throw Failed()
                }
                """),
            .init(
                "throws after the last",
                """
                func f() async throws -> Int {
                    var n = 0
                    while true { ↓do { return try await load(1) } catch {
                            n += 1
                            if n == 3 { throw error }
                        }
                    }
                }
                """),
            .init(
                "a pause that swallows",
                """
                func f() async {
                    while true { ↓do {
                            try await save(1)
                            return
                        } catch { try? await Task.sleep(for: .seconds(1)) }
                    }
                }
                """),
            .init(
                "`repeat`",
                """
                func f() async {
                    repeat { ↓do {
                            try await save(1)
                            return
                        } catch { log(error) }
                    } while true
                }
                """),
            .init(
                "goes round with `continue`",
                """
                func f() async {
                    while true { ↓do { try await save(1) } catch {
                            log(error)
                            continue
                        }
                        break
                    }
                }
                """),
        ],
        clean: [
            .init(
                "typed throws: cancellation cannot arrive",
                """
                protocol Channel { func detach() async throws(ServerError) }
                func release(_ channel: any Channel) async {
                    while true {
                        do {
                            try await channel.detach()
                            break
                        } catch { await pause() }
                    }
                }
                """),
            .init(
                "a task that nobody can cancel",
                """
                func f() {
                    Task {
                        while true {
                            do {
                                try await save(1)
                                break
                            } catch { await pause() }
                        }
                    }
                }
                """),
            .init(
                "alternatives by recursion, of which a name holds the rest",
                """
                func first(_ sources: [Source]) async -> Image? {
                    guard let source = sources.first else { return nil }
                    do { return try await source.load() } catch {
                        let rest = sources.dropFirst()
                        return await first(Array(rest))
                    }
                }
                """),
            .init(
                "one retry, by a flag inside its options",
                """
                func acquire(_ n: Int, options: Options) async throws -> Lease {
                    do { return try await lease(n) } catch {
                        return try await self.acquire(n + 1, options: .init(mayRetry: false))
                    }
                }
                """),
            .init(
                "the next index of what the attempt picks",
                """
                func load(_ i: Int) async throws -> Int {
                    do { return try await fetch(urls[i]) } catch { return try await load(i + 1) }
                }
                """),
            .init(
                "made from the element",
                """
                func f(_ urls: [URL]) async throws -> Int {
                    for url in urls {
                        let request = Request(url)
                        do { return try await send(request) } catch { continue }
                    }
                    throw Failed()
                }
                """),
            .init(
                "another version each time",
                """
                func f() async throws -> Int {
                    var version = 3
                    while version > 0 {
                        do { return try await greet(version) } catch { version = version - 1 }
                    }
                    throw Failed()
                }
                """),
            .init(
                "picks by the number",
                """
                func f(_ ms: [Mirror]) async -> Int? {
                    for i in 0..<ms.count { do { return try await ms[i].load() } catch { log(error) } }
                    return nil
                }
                """),
            .init(
                "falls back on itself with another argument",
                """
                func checkout(_ b: Branch, local: Bool) async throws {
                    do { try await run(b) } catch { try await checkout(b, local: true) }
                }
                """),
            .init(
                "a periodic job whose pause ends it",
                """
                func f() async {
                    while true {
                        do {
                            do { try await Task.sleep(for: .seconds(1)) } catch { return }
                            try await save(1)
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "calls itself behind a pause that lets it out",
                """
                func fetch(_ left: Int) async throws -> Int {
                    do { return try await load(1) } catch {
                        try await Task.sleep(for: .seconds(1))
                        return try await fetch(left - 1)
                    }
                }
                """),
            .init(
                "drains a group",
                """
                func f() async {
                    while !g.isEmpty {
                        do {
                            guard let r = try await g.next() else { break }
                            use(r)
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "`try?` over alternatives",
                "func f(_ xs: [Mirror]) async -> Int? { for x in xs { if let v = try? await x.load() { return v } }; return nil }"
            ),
            .init(
                "cancellation first",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch is CancellationError { throw CancellationError() } catch { log(error) }
                    }
                }
                """),
            .init(
                "the head looks",
                """
                func f() async {
                    while !Task.isCancelled {
                        do {
                            try await save(1)
                            break
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "the catch looks",
                """
                func f() async {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch {
                            if Task.isCancelled { return }
                            log(error)
                        }
                    }
                }
                """),
            .init(
                "the pause lets it out",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { try await Task.sleep(for: .seconds(1)) }
                    }
                }
                """),
            .init(
                "isolates elements",
                """
                func f(_ xs: [Int]) async { for x in xs { do { try await save(x) } catch { log(error) } } }
                """),
            .init(
                "gives up",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { throw Wrapped(error) }
                    }
                }
                """),
            .init(
                "decides by the error",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { guard isRetryable(error) else { throw error } }
                    }
                }
                """),
            .init(
                "a list of alternatives",
                """
                func f(_ xs: [Mirror]) async throws -> Int {
                    for x in xs { do { return try await x.load() } catch { log(error) } }
                    throw Failed()
                }
                """),
            .init(
                "some errors only",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch is Timeout { log(1) }
                    }
                }
                """),
        ])
}
#endif
