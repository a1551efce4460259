#if Lint
import SwiftSyntax

struct DiscardedCancellationCheck: BlockRule {
    static let words = ["ancel"]
    static let page = RulePage(
        id: "discarded-cancellation-check",
        summary: "A look at cancellation whose answer nobody uses.",
        severity: .error,
        needsAsync: false,
        why: """
            `try? Task.checkCancellation()` throws and swallows; `Task.isCancelled` alone on a line asks and does not listen. Neither \
            does anything. The compiler is silent.
            """,
        instead: "`try Task.checkCancellation()`, or `if Task.isCancelled { return }`.",
        reported: [
            .init(
                "bound to nothing",
                """
                func f() async {
                    ↓let _ = try? Task.checkCancellation()
                    await work()
                }
                """),
            .init(
                "caught and noted",
                """
                func f() async {
                    ↓do { try Task.checkCancellation() } catch { print(error) }
                    await work()
                }
                """),
            .init(
                "an answer that is only noted",
                """
                func f() async {
                    ↓if Task.isCancelled { print("cancelled") }
                    await work()
                }
                """),
            .init(
                "swallowed",
                """
                func f() async throws { ↓try? Task.checkCancellation()
                    await work()
                }
                """),
            .init(
                "swallowed where nothing may leave",
                """
                func f() async { ↓try? Task.checkCancellation()
                    await work()
                }
                """),
            .init("asked only", "func f() async { ↓Task.isCancelled; await work() }"),
            .init("discarded", "func f() async { ↓_ = Task.isCancelled; await work() }"),
            .init(
                "swallowed and discarded",
                """
                func f() async { ↓_ = try? Task.checkCancellation()
                    await work()
                }
                """),
            .init(
                "in a loop",
                """
                func f() async {
                    for x in xs { ↓try? Task.checkCancellation()
                        await use(x)
                    }
                }
                """),
            .init(
                "an empty catch",
                """
                func f() async { ↓do { try Task.checkCancellation() } catch {}
                    await work()
                }
                """),
        ],
        clean: [
            .init(
                "noted at the end",
                """
                func f() async {
                    await work()
                    if Task.isCancelled { print("was cancelled") }
                }
                """),
            .init(
                "kept for later",
                """
                func f() async {
                    if Task.isCancelled { stopped = true }
                    await work()
                }
                """),
            .init(
                "noted instead",
                """
                func f() async { if Task.isCancelled { print("cancelled") } else { await work() } }
                """),
            .init(
                "the value of an awaited call",
                """
                func f() async throws -> Bool {
                    let t = Task {
                        run()
                        return try await timeout.execute { Task.isCancelled }
                    }
                    return try await t.value
                }
                """),
            .init(
                "returned by the first of two closures",
                """
                func run<R>(_ body: () async -> R, tearDown: (R) -> Void) {}
                func f() {
                    run {
                        Task.isCancelled
                    } tearDown: { _ in
                    }
                }
                """),
            .init(
                "throws",
                """
                func f() async throws {
                    try Task.checkCancellation()
                    await work()
                }
                """),
            .init(
                "answered",
                """
                func f() async {
                    if Task.isCancelled { return }
                    await work()
                }
                """),
            .init(
                "its result is looked at",
                """
                func f() async {
                    if (try? Task.checkCancellation()) == nil { return }
                    await work()
                }
                """),
            .init("returned", "var stopped: Bool { Task.isCancelled }"),
            .init("returned by a closure", "func f() { poll { Task.isCancelled } }"),
            .init("kept", "func f() { let stopped = Task.isCancelled; use(stopped) }"),
            .init(
                "caught and answered",
                """
                func f() async {
                    do { try Task.checkCancellation() } catch { return }
                    await work()
                }
                """),
        ])

    func check(_ block: CodeBlockItemListSyntax, in file: FileContext) {
        for item in block {
            guard let kind = discards(item, in: file) else { continue }
            let code = file.code(of: item)
            var fixes = [Fix]()
            if kind == .check, file.mayThrow(at: item.item) {
                fixes = [
                    Fix(
                        title: "let the error out", safety: .safe,
                        edits: [file.replace(item.item, by: "try Task.checkCancellation()")])
                ]
            } else if code.returnsVoid, file.mayReturn(at: item.item) {
                fixes = [
                    Fix(
                        title: "return when cancelled", safety: kind == .flag ? .safe : .suggestion,
                        edits: [file.replace(item.item, by: "if Task.isCancelled { return }")])
                ]
            }
            file.report(
                Self.self, at: item.item,
                kind == .check
                    ? "this check throws into the void; write 'try Task.checkCancellation()'"
                    : "nobody listens to the answer; write 'if Task.isCancelled { return }'",
                fixes: fixes)
        }
    }

    private enum Kind { case check, flag }

    private func discards(_ item: CodeBlockItemSyntax, in file: FileContext) -> Kind? {
        if let statement = item.item.as(DoStmtSyntax.self) {
            guard statement.body.statements.count == 1,
                let only = statement.body.statements.first?.item.as(TryExprSyntax.self),
                isCheck(only.expression), statement.catchesEverything,
                statement.catchClauses.allSatisfy({ file.onlyNotes($0.body.statements) })
            else { return nil }
            return .check
        }
        if let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self) {
            // `if Task.isCancelled { print("cancelled") }` in front of the work that goes on.
            guard branch.elseBody == nil, branch.conditions.trimmedDescription == "Task.isCancelled",
                file.onlyNotes(branch.body.statements), file.code(of: item).statements?.last?.id != item.id
            else { return nil }
            return .flag
        }
        if let binding = item.item.as(VariableDeclSyntax.self)?.bindings.first,
            binding.pattern.is(WildcardPatternSyntax.self), let value = binding.initializer?.value
        {
            return kind(of: value)
        }
        guard var expression = item.item.as(ExprSyntax.self) else { return nil }
        if let sequence = expression.as(SequenceExprSyntax.self) {
            let parts = Array(sequence.elements)
            guard parts.count == 3, parts[0].is(DiscardAssignmentExprSyntax.self) else { return nil }
            expression = parts[2]
        } else if file.use(of: expression) == .used {
            return nil
        }
        return kind(of: expression)
    }

    private func kind(of expression: ExprSyntax) -> Kind? {
        if let attempt = expression.as(TryExprSyntax.self), attempt.questionOrExclamationMark != nil,
            isCheck(attempt.expression)
        {
            return .check
        }
        if let access = expression.as(MemberAccessExprSyntax.self), access.base?.identifier == "Task",
            access.declName.baseName.text == "isCancelled"
        {
            return .flag
        }
        return nil
    }

    private func isCheck(_ expression: ExprSyntax) -> Bool {
        guard let call = Call(expression.core) else { return false }
        return call.baseName == "Task" && call.name == "checkCancellation"
    }
}
#endif
