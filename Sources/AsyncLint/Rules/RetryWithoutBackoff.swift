#if Lint
import SwiftSyntax

struct RetryWithoutBackoff: LoopRule {
    static let words = ["await"]
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

    func check(_ loop: Loop, in file: FileContext) {
        guard let retry = RetryLoop(loop, in: file), !retry.consumesElement else { return }
        let pauses = retry.between { node in
            if node.isSuspension { return true }
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            let name = call.name.lowercased()
            return ["sleep", "backoff", "delay", "wait", "pause", "yield"].contains { name.contains($0) }
        }
        if pauses || loop.head.hasOwnLevel({ $0.isSuspension }) { return }
        // An attempt that begins with a pause has one.
        let sleeps = retry.attempt.hasOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            return call.name.lowercased().contains("sleep") || call.name.lowercased().contains("backoff")
        }
        if sleeps { return }
        file.report(
            Self.self, at: retry.keyword,
            "a failed attempt is tried again at once; pause between attempts, longer each time",
            notes: [(retry.catchAll.map { Syntax($0) } ?? retry.attempt, "goes round without a pause")])
    }
}
#endif
