#if Lint
import SwiftSyntax

struct UnobservedTaskError: CallRule {
    static let words = ["Task"]
    static let page = RulePage(
        id: "unobserved-task-error",
        summary: "A task that can fail, and nobody who would learn of it.",
        severity: .warning,
        needsAsync: false,
        compilerReportsSince: ToolchainVersion(6, 4),
        why: """
            An error thrown in `Task { … }` stays in the task. When nobody keeps the task, nobody sees the error: no log, no crash, \
            the work simply did not happen. The type checker infers `Task<Void, any Error>` and says nothing.
            """,
        instead: """
            Catch inside the task, keep the task and await its value, or write `_ = Task { … }` to say that the error does not matter.
            """,
        limits: """
            A task whose only errors are those of `Task.sleep` and `Task.checkCancellation` is not reported: they mean cancellation. \
            A closure of one expression returns the task unless its caller is known to want nothing. From Swift 6.4 the compiler \
            reports dropped throwing tasks itself; then only tasks in dropped arrays are left to this rule.
            """,
        options: [
            .init(name: "report_discarded", fallback: "false", meaning: "report `_ = Task { … }` too")
        ],
        reported: [
            .init("a stream that can fail", "func f(_ s: Messages) { ↓Task { for try await m in s { use(m) } } }"),
            .init("a dropped task", "func f() { ↓Task { try await save(1) } }"),
            .init("detached", "func f() { ↓Task.detached(priority: .low) { try await save(1) } }"),
            .init("immediate, named", "func f() { ↓Task.immediate(name: \"save\") { try await save(1) } }"),
            .init(
                "`catch is X` leaves the rest", "func f() { ↓Task { do { try await save(1) } catch is URLError {} } }"),
            .init(
                "the catch throws again",
                """
                func f() { ↓Task { do { try await save(1) } catch { throw Wrapped(error) } } }
                """),
            .init(
                "a catch of another type than is thrown",
                """
                func pay(_ n: Int) async throws(WalletError) { throw .empty }
                func f() { ↓Task { do { try await pay(1) } catch let e as URLError { show(e) } } }
                """),
            .init("in a deinitializer", "final class R { deinit { ↓Task { try await save(1) } } }"),
            .init(
                "in a closure that wants nothing",
                """
                func f(_ xs: [Int]) { xs.forEach { x in ↓Task { try await save(x) } } }
                """),
            .init("in a dropped array", "func f() { [↓Task { try await save(1) }] }"),
            .init("in a branch", "func f(_ b: Bool) { if b { ↓Task { try await save(1) } } }"),
            .init("`throw`", "func f() { ↓Task { await work(); throw Failed() } }"),
            .init(
                "discarded, where configuration wants to know", "func f() { _ = ↓Task { try await save(1) } }",
                options: ["report_discarded": "true"]),
        ],
        clean: [
            .init(
                "a catch that binds in parentheses",
                "func f() { Task { do { try await save(1) } catch (let e) { log(e) } } }"),
            .init(
                "a catch of the only type that can be thrown",
                """
                func pay(_ n: Int) async throws(WalletError) { throw .empty }
                func f() { Task { do { try await pay(1) } catch let e as WalletError { show(e) } } }
                """),
            .init("discarded on purpose", "func f() { _ = Task { try await save(1) } }"),
            .init(
                "the value of a closure",
                """
                func f(_ xs: [Int]) -> [Task<Int, any Error>] { xs.map { x in Task { try await load(x) } } }
                """),
            .init("an exhaustive catch", "func f() { Task { do { try await save(1) } catch { log(error) } } }"),
            .init(
                "a catch that binds the error", "func f() { Task { do { try await save(1) } catch let e { log(e) } } }"),
            .init(
                "a `try` in a nested closure",
                """
                func f() {
                    Task {
                        let r = Result { try decode() }
                        use(r)
                    }
                }
                """),
            .init(
                "only cancellation",
                """
                func f() {
                    Task {
                        try await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init("kept", "func f() { task = Task { try await save(1) } }"),
            .init("passed on", "func f() { tasks.append(Task { try await save(1) }) }"),
            .init(
                "returned by a function of one expression",
                "func f() -> Task<Void, any Error> { Task { try await save(1) } }"),
            .init("returned by a property", "var t: Task<Void, any Error> { Task { try await save(1) } }"),
            .init("awaited", "func f() async throws { try await Task { try await save(1) }.value }"),
            .init("`try?`", "func f() { Task { try? await save(1) } }"),
            .init(
                "a type of the same name",
                """
                struct Task { init(_ f: () throws -> Void) {} }
                func f() { Task { try save(1) } }
                """),
        ])

    /// `catch let e as WalletError` around a call that says `throws(WalletError)`: nothing is left.
    private static func isCaught(_ site: Syntax, _ file: FileContext) -> Bool {
        guard let statement = site.ancestor(DoStmtSyntax.self), site.isInside(statement.body),
            let expression = site.as(TryExprSyntax.self)
        else { return false }
        let inner = expression.expression.core
        guard let call = Call(inner.as(AwaitExprSyntax.self)?.expression.core ?? inner) else { return false }
        let functions = file.symbols.candidates(for: call, in: file)
        guard !functions.isEmpty else { return false }
        let caught = statement.catchClauses.flatMap { clause in
            clause.catchItems.filter { $0.whereClause == nil }.compactMap { $0.pattern?.trimmedDescription }
        }
        return functions.allSatisfy { function in
            guard function.isThrowing else { return true }
            guard let type = function.thrownType else { return false }
            return caught.contains { $0 == "is \(type)" || $0.hasSuffix(" as \(type)") }
        }
    }

    func check(_ call: Call, in file: FileContext) {
        guard let spawn = file.spawn(call), let body = spawn.body, !spawn.neverFails else { return }
        let use = file.use(of: call.node)
        switch use {
        case .used: return
        case .discarded: if !file.flag("report_discarded", of: Self.self) { return }
        case .dropped, .droppedArray: break
        }
        let errors = ErrorFlow.escapes(from: body.statements)
        guard let site = errors.first(where: { !file.throwsCancellationOnly($0) && !Self.isCaught($0, file) }) else {
            return
        }
        let discard = Fix(
            title: "say that the error does not matter", safety: .suggestion,
            edits: [file.insert("_ = ", before: call.node)])
        file.report(
            Self.self, at: call.node,
            "an error of this task reaches nobody; catch it inside, keep the task, or discard it with '_ ='",
            notes: [(site, "thrown here")], fixes: use == .dropped ? [discard] : [],
            compilerReportsSince: use == .droppedArray ? nil : Self.page.compilerReportsSince)
    }
}
#endif
