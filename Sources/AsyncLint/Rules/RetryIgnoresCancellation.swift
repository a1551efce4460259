#if Lint
import SwiftSyntax

struct RetryIgnoresCancellation: LoopRule, DoRule {
    static let words = ["await"]
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

    func check(_ loop: Loop, in file: FileContext) {
        if let retry = RetryLoop(loop, in: file), !loop.observesCancellation { check(retry, in: file) }
    }

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        if let retry = RetryLoop(recursive: statement, in: file) { check(retry, in: file) }
    }

    private func check(_ retry: RetryLoop, in file: FileContext) {
        if retry.consumesElement || retry.clause?.catchesEverything == false { return }
        if retry.clauses?.contains(where: { $0.mentions(CancellationWords.all) }) == true { return }
        let lets = retry.clause.map { clause in
            ErrorFlow.escapes(from: clause.body).contains { node in
                node.is(TryExprSyntax.self) && retry.recursion?.isInside(node) != true
            }
        }
        if lets == true { return }
        if retry.between({ node in
            node.as(TryExprSyntax.self).map {
                $0.questionOrExclamationMark == nil && !$0.isInside(retry.attempt)
            } ?? false
        }) {
            return
        }
        if decidesByError(retry) { return }
        let code = file.code(of: retry.statement)
        var fixes: [Fix] = []
        if let clause = retry.clause {
            let edit = file.insert("catch is CancellationError { throw CancellationError() } ", before: clause)
            let isSafe = code.throwsAnyError && code.kind != .closure
            fixes = [Fix(title: "let cancellation out", safety: isSafe ? .safe : .suggestion, edits: [edit])]
        }
        file.report(
            Self.self, at: retry.keyword,
            "a cancelled attempt is tried again; let CancellationError out or check Task.isCancelled",
            notes: [(retry.clause.map { Syntax($0) } ?? retry.attempt, "takes cancellation for a failure")],
            fixes: fixes)
    }

    /// Whether a condition in the catch looks at the error itself, or hands it to something that answers.
    private func decidesByError(_ retry: RetryLoop) -> Bool {
        guard let clause = retry.clause else { return false }
        let name =
            clause.catchItems.first?.pattern?.tokens(viewMode: .sourceAccurate).reversed()
            .first { if case .identifier = $0.tokenKind { true } else { false } }?.plainText ?? "error"
        return clause.body.hasOwnLevel { node in
            switch node.kind {
            case .guardStmt: node.cast(GuardStmtSyntax.self).conditions.mentions(name)
            case .ifExpr: node.cast(IfExprSyntax.self).conditions.mentions(name)
            case .switchExpr: node.cast(SwitchExprSyntax.self).subject.mentions(name)
            default: false
            }
        }
    }
}
#endif
