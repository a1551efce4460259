#if Lint
import SwiftSyntax

struct CancellationErrorSwallowed: DoRule, TryRule {
    static let words = ["await"]
    static let page = RulePage(
        id: "cancellation-error-swallowed",
        summary: "Awaited work was cancelled, and the code goes on as if it had failed or succeeded.",
        severity: .warning,
        quietInTests: true,
        why:
            "The caller cancelled, the work stopped and said so, and nobody heard: the code below goes on as if it had succeeded.",
        instead:
            "`catch is CancellationError { throw CancellationError() }` in front, or say in the catch why nothing is to do.",
        limits: """
            Without configuration: empty catches (those with a comment are taken for decided), alternatives that are tried one after the \
            other, and a catch that replaces the error where the loss shows: around it, or in a caller of the same file, somebody \
            catches `CancellationError`. `all: true` reports every catch that takes all errors and neither leaves nor looks at \
            cancellation, and every one that throws another error. Work whose declared error is of another type is left alone.
            """,
        options: [.init(name: "all", fallback: "false", meaning: "report catches that are not empty, too")],
        reported: [
            .init(
                "the next alternative",
                """
                func f(_ keys: [Key]) async throws -> Int {
                    for key in keys { do { return try await key.verify() } ↓catch {} }
                    throw Failed()
                }
                """),
            .init(
                "alternatives, chosen by what the error says",
                """
                func first(_ xs: [any Strategy]) async -> Int? {
                    for x in xs {
                        do { return try await x.fetch() } ↓catch {
                            if x.mayFallBack(error) { continue }
                            return nil
                        }
                    }
                    return nil
                }
                """),
            .init(
                "`try?` takes a cancelled attempt for an empty answer",
                """
                func ports(_ ids: [Int]) async -> [Int] {
                    for id in ids {
                        guard let found = ↓try? await list(id), !found.isEmpty else { continue }
                        return found
                    }
                    return []
                }
                """),
            .init(
                "replaces the error that a caller asks for",
                """
                func load() async throws { do { try await save(1) } ↓catch { throw Failed() } }
                func run() async {
                    do { try await load() } catch is CancellationError { stop() } catch { show(error) }
                }
                """),
            .init(
                "replaces any error", "func f() async throws { do { try await save(1) } ↓catch { throw Failed() } }",
                options: ["all": "true"]),
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
                "nothing but a sleep can fail: the catch is the end of a loop that was cancelled",
                """
                func f() {
                    task = Task {
                        do {
                            while !Task.isCancelled {
                                try await Task.sleep(for: .seconds(10))
                                await tick()
                            }
                        } catch {}
                    }
                }
                """),
            .init(
                "a function decides which errors are worth another attempt, and the others come out",
                """
                func f(_ attempts: Int) async throws -> Int {
                    for attempt in 1...attempts {
                        do { return try await load(attempt) } catch {
                            let cause = (error as? Wrapped)?.cause ?? error
                            guard attempt < attempts, isTransient(cause) else { throw cause }
                            note(attempt)
                        }
                    }
                    throw Failed()
                }
                """),
            .init(
                "an alternative is tried for some errors only",
                """
                func f(_ xs: [Mirror]) async throws -> Int? {
                    for x in xs {
                        do { return try await x.load() } catch {
                            if error is NotFound { continue }
                            throw error
                        }
                    }
                    return nil
                }
                """),
            .init(
                "the loop over alternatives looks",
                """
                func f(_ xs: [Mirror]) async -> Int? {
                    for x in xs {
                        if Task.isCancelled { return nil }
                        if let v = try? await x.load() { return v }
                    }
                    return nil
                }
                """),
            .init(
                "each element on its own",
                "func f(_ xs: [Int]) async { for x in xs { if let v = try? await load(x) { render(v) } } }"),
            .init(
                "replaces the error, and nobody asks for cancellation",
                "func f() async throws { do { try await save(1) } catch { throw Failed() } }"),
            .init(
                "an error of one type, which is no cancellation",
                """
                func store(_ v: Int) async throws(Full) {}
                func f() async { do { try await store(1) } catch {} }
                """),
            .init(
                "a comment behind the brace says why",
                """
                func f() async {
                    do { try await save(1) } catch {}  // the next flush saves it
                    await work()
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
        guard let clause = statement.catchClauses.last, clause.catchesEverything, Self.awaits(statement.body),
            !statement.catchClauses.contains(where: { $0.mentions(CancellationWords.all) })
        else { return }
        let all = file.flag("all", of: Self.self)
        let isEmpty = clause.body.statements.allSatisfy(\.isDiscard) && !hasComment(clause.body)
        let isDropped = file.isDroppedTask(file.code(of: statement))
        let message: String
        if !isDropped, let loop = Loop.enclosing(statement), isAlternative(statement, clause, loop) {
            message = "a cancelled attempt goes on with the next alternative; let CancellationError out"
        } else if replaces(clause) {
            guard all || lossShows(statement, in: file) else { return }
            message = "this catch turns cancellation into another error; let CancellationError out first"
        } else {
            guard isEmpty || all, !file.leaves(clause.body.statements), !isFollowedByALook(statement) else { return }
            if let loop = Loop.enclosing(statement), loop.observesCancellation { return }
            message =
                isDropped
                ? "this catch swallows every error, and nobody learns of it; note it, or say why nothing is to do"
                : "this catch swallows cancellation too; let CancellationError out, or say why nothing is to do"
        }
        // Where only a sleep can fail, the catch is about nothing but cancellation; a sleep alone has a rule of its own.
        if ErrorFlow.escapes(from: statement.body).allSatisfy({ file.throwsCancellationOnly($0) }) { return }
        if !isDropped, !file.canThrowCancellation(statement.body) { return }
        file.report(Self.self, at: clause.catchKeyword, message)
    }

    /// `try? await …` in a search over alternatives: the one that was cancelled looks empty, and the next is tried.
    func check(_ expression: TryExprSyntax, in file: FileContext) {
        guard expression.questionOrExclamationMark?.tokenKind == .postfixQuestionMark,
            expression.expression.hasOwnLevel({ $0.is(AwaitExprSyntax.self) }),
            let loop = Loop.enclosing(expression), case .forIn(let head) = loop.kind, !loop.observesCancellation,
            expression.mentions(Self.names(in: head.pattern)), searches(expression, loop, in: file),
            !file.isDroppedTask(file.code(of: expression)), !file.speaksOfCancellation(expression)
        else { return }
        if let call = Call(expression.expression.core) {
            let functions = file.symbols.candidates(for: call, in: file)
            if !functions.isEmpty, functions.allSatisfy({ $0.thrownType != nil && $0.thrownType != "Error" }) { return }
        }
        file.report(
            Self.self, at: expression,
            "a cancelled attempt looks like an empty one, and the next is tried; look at Task.isCancelled in the loop")
    }

    private static func awaits(_ body: CodeBlockSyntax) -> Bool {
        body.hasOwnLevel { node in
            if let loop = node.as(ForStmtSyntax.self) { return loop.tryKeyword != nil && loop.awaitKeyword != nil }
            return node.as(TryExprSyntax.self).map {
                $0.questionOrExclamationMark == nil && $0.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
            } ?? false
        }
    }

    private static func names(in pattern: PatternSyntax) -> Set<String> {
        Set(pattern.tokens(viewMode: .sourceAccurate).map(\.plainText).filter { $0.first?.isLetter ?? false })
    }

    /// Whether each round tries another element until one succeeds, and this catch goes round, whatever the error.
    private func isAlternative(_ statement: DoStmtSyntax, _ clause: CatchClauseSyntax, _ loop: Loop) -> Bool {
        guard case .forIn(let head) = loop.kind, !loop.observesCancellation,
            statement.body.mentions(Self.names(in: head.pattern)),
            statement.body.hasOwnLevel({ node in
                node.is(ReturnStmtSyntax.self)
                    || node.as(BreakStmtSyntax.self).map {
                        $0.label == nil && Loop.enclosing($0)?.node.id == loop.node.id
                    } == true
            })
        else { return false }
        // The catch of a loop that looks at types lets the other errors out.
        let byType = clause.body.hasOwnLevel { node in
            let conditions = node.as(IfExprSyntax.self)?.conditions ?? node.as(GuardStmtSyntax.self)?.conditions
            if let choice = node.as(SwitchExprSyntax.self) { return choice.subject.mentions("error") }
            return conditions?.contains { element in
                element.condition.is(MatchingPatternConditionSyntax.self)
                    || element.condition.hasOwnLevel {
                        $0.is(UnresolvedIsExprSyntax.self) || $0.is(UnresolvedAsExprSyntax.self)
                    }
            } ?? false
        }
        if byType || hasComment(clause.body) || throwsByClass(clause) { return false }
        if clause.body.hasOwnLevel({ $0.is(ContinueStmtSyntax.self) }) { return true }
        guard let last = clause.body.statements.last?.item else { return true }
        return ![.returnStmt, .throwStmt, .breakStmt].contains(last.kind)
    }

    /// `guard isTransient(error) else { throw error }`: somebody decides which errors go round, and the others come out.
    private func throwsByClass(_ clause: CatchClauseSyntax) -> Bool {
        // `let cause = (error as? Wrapped)?.cause ?? error` is the error, too.
        var names: Set<String> = ["error"]
        clause.body.traverseOwnLevel { node in
            guard let binding = node.as(PatternBindingSyntax.self), binding.initializer?.mentions(names) == true,
                let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText
            else { return .into }
            names.insert(name)
            return .into
        }
        return clause.body.hasOwnLevel { node in
            guard let statement = node.as(GuardStmtSyntax.self),
                let thrown = statement.body.statements.last?.item.as(ThrowStmtSyntax.self)
            else { return false }
            return thrown.mentions(names)
                && statement.conditions.hasOwnLevel { inner in
                    inner.call?.node.arguments.contains { $0.mentions(names) } ?? false
                }
        }
    }

    /// Whether success ends the loop: `if let v = try? await … { return v }`, `guard let v = … else { continue }; return v`.
    private func searches(_ expression: TryExprSyntax, _ loop: Loop, in file: FileContext) -> Bool {
        func ends(_ items: CodeBlockItemListSyntax) -> Bool {
            guard let last = items.last?.item else { return false }
            return last.is(ReturnStmtSyntax.self) || last.is(BreakStmtSyntax.self)
        }
        guard let conditions = expression.ancestor(ConditionElementListSyntax.self), conditions.isInside(loop.body)
        else { return false }
        if let branch = conditions.parent?.as(IfExprSyntax.self) {
            return branch.elseBody == nil && ends(branch.body.statements)
        }
        guard let statement = conditions.parent?.as(GuardStmtSyntax.self),
            statement.body.statements.last?.item.is(ContinueStmtSyntax.self) == true
        else { return false }
        return ends(loop.body.statements)
    }

    /// Whether the catch throws, at its end, something else than what it caught.
    private func replaces(_ clause: CatchClauseSyntax) -> Bool {
        guard let thrown = clause.body.statements.last?.item.as(ThrowStmtSyntax.self) else { return false }
        let name =
            clause.catchItems.first?.pattern?.tokens(viewMode: .sourceAccurate).reversed()
            .first { if case .identifier = $0.tokenKind { true } else { false } }?.plainText ?? "error"
        return thrown.expression.core.identifier != name
    }

    /// Whether somebody asks for the cancellation that is lost: a `do` around it, or a caller of the function in this file.
    private func lossShows(_ statement: DoStmtSyntax, in file: FileContext) -> Bool {
        var around = statement.ancestor(DoStmtSyntax.self)
        while let outer = around {
            if statement.isInside(outer.body),
                outer.catchClauses.contains(where: { $0.mentions(CancellationWords.all) })
            {
                return true
            }
            around = outer.ancestor(DoStmtSyntax.self)
        }
        guard file.source.contains("CancellationError"),
            let function = file.code(of: statement).node.as(FunctionDeclSyntax.self)
        else { return false }
        let name = function.name.plainText
        return !statement.root.traverse { node in
            guard let caller = node.as(DoStmtSyntax.self), caller.id != statement.id,
                caller.catchClauses.contains(where: { $0.mentions("CancellationError") }),
                caller.body.hasOwnLevel({
                    $0.as(FunctionCallExprSyntax.self).flatMap { Call($0) }?.name == name
                })
            else { return .into }
            return .stop
        }
    }

    private func isFollowedByALook(_ statement: DoStmtSyntax) -> Bool {
        guard let item = statement.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self)
        else { return false }
        return list.drop { $0.id != item.id }.dropFirst().first?.mentions(CancellationWords.all) ?? false
    }

    private func hasComment(_ block: CodeBlockSyntax) -> Bool {
        block.rightBrace.leadingTrivia.hasComment || block.leftBrace.trailingTrivia.hasComment
            || block.rightBrace.trailingTrivia.hasComment
    }
}
#endif
