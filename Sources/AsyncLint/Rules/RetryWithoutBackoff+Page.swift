#if Lint
extension RetryWithoutBackoff {
    static let page = RulePage(
        id: "retry-without-backoff",
        summary: "A retry loop that tries again at once.",
        severity: .warning,
        quietInTests: true,
        why: """
            What just failed will most likely fail again a microsecond later. Without a pause the loop spends its tries before the other \
            side has had time to recover, and adds to the load that made it fail. Without a limit it is a busy loop.
            """,
        instead:
            "A pause that grows and is jittered, between the attempts: `Retry(backoff: .exponential(…))` of Concerto.",
        limits: "Anything in the loop that awaits between two attempts, or is named like a pause, counts as one.",
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
                "on some errors only",
                """
                func f() async throws -> Int {
                    while true { ↓do { return try await load(1) } catch is Timeout { continue } }
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
                    for _ in 0..<3 { ↓do { return try await load(1) } catch { last = error } }
                    throw last
                }
                """),
            .init(
                "the count is only logged",
                """
                func f() async throws -> Int {
                    for n in 1...3 { ↓do { return try await load(1) } catch { log(n) } }
                    throw Failed()
                }
                """),
            .init(
                "lets cancellation out",
                """
                func f() async throws {
                    while true { ↓do {
                            try await save(1)
                            break
                        } catch is CancellationError { throw CancellationError() } catch { log(error) }
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
                "takes what a group has done",
                """
                func f() async throws {
                    var n = 0
                    while n < 3 {
                        n += 1
                        do {
                            try await group.next()
                            break
                        } catch { log(error) }
                    }
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
                "calls itself behind a pause",
                """
                func fetch(_ left: Int) async throws -> Int {
                    do { return try await load(1) } catch {
                        await delay(left)
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
                "sleeps",
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
                "sleeps outside the catch",
                """
                func f() async throws {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { log(error) }
                        try await Task.sleep(for: .seconds(1))
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
                "awaits something else",
                """
                func f() async {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { await reconnect() }
                    }
                }
                """),
            .init(
                "a synchronous pause by name",
                """
                func f() async {
                    while true {
                        do {
                            try await save(1)
                            break
                        } catch { backoff() }
                    }
                }
                """),
            .init(
                "isolates elements",
                """
                func f(_ xs: [Int]) async { for x in xs { do { try await save(x) } catch { log(error) } } }
                """),
            .init(
                "messages of a stream",
                """
                func f(_ s: AsyncStream<Int>) async {
                    for await x in s {
                        do {
                            try await save(1)
                            break
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "synchronous attempts",
                """
                func f() {
                    while true {
                        do {
                            try parse()
                            break
                        } catch { log(error) }
                    }
                }
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
        ])
}
#endif
