#if Lint
import SwiftSyntax

struct CancellationErrorSwallowed: DoRule {
    static let words = ["catch", "await"]
    static let page = RulePage(
        id: "cancellation-error-swallowed",
        summary: "An empty catch around awaited work swallows cancellation with everything else.",
        severity: .warning,
        quietInTests: true,
        why:
            "The caller cancelled, the work stopped and said so, and nobody heard: the code below goes on as if it had succeeded.",
        instead:
            "`catch is CancellationError { throw CancellationError() }` in front, or say in the catch why nothing is to do.",
        limits: """
            Without configuration only empty catches are reported, and those with a comment are taken for decided. `all: true` reports \
            every catch that takes all errors and neither throws, leaves, nor looks at cancellation.
            """,
        options: [.init(name: "all", fallback: "false", meaning: "report catches that are not empty, too")],
        reported: [
            .init(
                "binds nothing", "func f() async { do { try await save(1) } ↓catch _ {} }"),
            .init(
                "discards the error", "func f() async { do { try await save(1) } ↓catch { _ = error } }"),
            .init("empty", "func f() async { do { try await save(1) } ↓catch { } }"),
            .init("binds and ignores", "func f() async { do { try await save(1) } ↓catch let e { } }"),
            .init(
                "behind another clause",
                """
                func f() async { do { try await save(1) } catch is Late { log(1) } ↓catch {} }
                """),
            .init("in a task", "func f() { t = Task { do { try await save(1) } ↓catch {} } }"),
            .init(
                "in a loop",
                """
                func f(_ xs: [Int]) async { for x in xs { do { try await save(x) } ↓catch {} } }
                """),
            .init(
                "iterates",
                """
                func f(_ s: Messages) async { do { for try await m in s { use(m) } } ↓catch {} }
                """),
            .init(
                "only logs", "func f() async { do { try await save(1) } ↓catch { log(error) } }",
                options: ["all": "true"]),
        ],
        clean: [
            .init(
                "a comment behind the brace says why",
                """
                func f() async {
                    do { try await save(1) } catch {}  // the next flush saves it
                    await work()
                }
                """),
            .init(
                "the next alternative",
                """
                func f(_ keys: [Key]) async throws -> Int {
                    for key in keys { do { return try await key.verify() } catch {} }
                    throw Failed()
                }
                """),
            .init(
                "a clause for cancellation",
                """
                func f() async throws {
                    do { try await save(1) } catch is CancellationError { throw CancellationError() } catch
                    {}
                }
                """),
            .init("reports", "func f() async { do { try await save(1) } catch { log(error) } }"),
            .init(
                "says why",
                """
                func f() async {
                    do { try await save(1) } catch {
                        // Best effort: the next round saves again.
                    }
                }
                """),
            .init("synchronous work", "func f() { do { try parse() } catch {} }"),
            .init("some errors only", "func f() async throws { do { try await save(1) } catch is Late {} }"),
            .init(
                "looks afterwards",
                """
                func f() async {
                    do { try await save(1) } catch {}
                    if Task.isCancelled { return }
                    await work()
                }
                """),
            .init("the await is in a closure", "func f() { do { try run { await work() } } catch {} }"),
        ])

    func check(_ statement: DoStmtSyntax, in file: FileContext) {
        guard let clause = statement.catchClauses.last, clause.catchesEverything else { return }
        let awaits = statement.body.hasOwnLevel { node in
            if let loop = node.as(ForStmtSyntax.self) { return loop.tryKeyword != nil && loop.awaitKeyword != nil }
            return node.as(TryExprSyntax.self).map {
                $0.questionOrExclamationMark == nil && $0.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
            } ?? false
        }
        guard awaits else { return }
        let isEmpty = clause.body.statements.allSatisfy(\.isDiscard) && !hasComment(clause.body)
        guard isEmpty || file.flag("all", of: Self.self) else { return }
        if statement.catchClauses.contains(where: { $0.mentions(CancellationWords.all) }) { return }
        if file.leaves(clause.body.statements) { return }
        // A sleep alone has a rule of its own.
        if statement.body.statements.count == 1, let only = statement.body.statements.first,
            file.throwsCancellationOnly(Syntax(only.item))
        {
            return
        }
        if let item = statement.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self)
        {
            let items = Array(list)
            if let index = items.firstIndex(where: { $0.id == item.id }), index + 1 < items.count,
                items[index + 1].mentions(CancellationWords.all)
            {
                return
            }
        }
        if let loop = Loop.enclosing(statement) {
            if loop.observesCancellation { return }
            // The next of a list of alternatives.
            if case .forIn(let head) = loop.kind, statement.body.hasOwnLevel({ $0.is(ReturnStmtSyntax.self) }),
                statement.body.mentions(Set(head.pattern.tokens(viewMode: .sourceAccurate).map(\.text)))
            {
                return
            }
        }
        file.report(
            Self.self, at: clause.catchKeyword,
            "this catch swallows cancellation too; let CancellationError out, or say why nothing is to do")
    }

    private func hasComment(_ block: CodeBlockSyntax) -> Bool {
        block.rightBrace.leadingTrivia.hasComment || block.leftBrace.trailingTrivia.hasComment
            || block.rightBrace.trailingTrivia.hasComment
    }
}
#endif
