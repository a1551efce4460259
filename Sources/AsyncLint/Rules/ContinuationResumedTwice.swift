#if Lint
import SwiftSyntax

struct ContinuationResumedTwice: CallRule {
    static let words = ["Continuation", "await"]
    static let page = RulePage(
        id: "continuation-resumed-twice",
        summary: "A path that resumes the continuation and then resumes it again.",
        severity: .error,
        why: """
            The second resume of a checked continuation stops the process; of an unsafe one it corrupts the task. It happens on the error \
            path, so tests rarely see it: `if let error { c.resume(throwing: error) }` without `return`.
            """,
        instead: "`return` behind the first resume, or `else`.",
        limits: """
            Two resumes under two conditions of their own are taken to exclude each other, and so are those of two callbacks, unless one \
            of them is a time limit and neither looks at anything.
            """,
        reported: [
            .init(
                "on every round of a loop",
                """
                func f(_ xs: [Int]) async -> Int {
                    await withCheckedContinuation { c in for x in xs { ↓c.resume(returning: x) } }
                }
                """),
            .init(
                "a timer that repeats",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        Timer.scheduledTimer(withTimeInterval: 1, repeats: true) { _ in ↓c.resume() }
                    }
                }
                """),
            .init(
                "a time limit beside the answer",
                """
                func f(_ client: Client) async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        client.get { c.resume(with: $0) }
                        DispatchQueue.global().asyncAfter(deadline: .now() + 5) { ↓c.resume(throwing: Late()) }
                    }
                }
                """),
            .init(
                "no return behind the error",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        legacy { v, e in
                            if let e { c.resume(throwing: e) }
                            ↓c.resume(returning: v!)
                        }
                    }
                }
                """),
            .init(
                "twice in a row",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        c.resume()
                        ↓c.resume()
                    }
                }
                """),
            .init(
                "after a switch",
                """
                func f(_ k: Kind) async -> Int {
                    await withCheckedContinuation { c in
                        switch k {
                        case .a: c.resume(returning: 1)
                        default: log(2)
                        }
                        ↓c.resume(returning: 3)
                    }
                }
                """),
            .init(
                "once for sure, once perhaps",
                """
                func f(_ b: Bool) async {
                    await withCheckedContinuation { c in
                        c.resume()
                        if b { ↓c.resume() }
                    }
                }
                """),
            .init(
                "a guard that goes on is none",
                """
                func f(_ b: Bool) async {
                    await withUnsafeContinuation { c in
                        if !b { c.resume() }
                        work()
                        ↓c.resume()
                    }
                }
                """),
            .init(
                "the catch of a later failure",
                """
                func f() async throws {
                    try await withCheckedThrowingContinuation { c in
                        do {
                            c.resume()
                            try cleanUp()
                        } catch { ↓c.resume(throwing: error) }
                    }
                }
                """),
            .init(
                "and in a defer",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        defer { c.resume() }
                        ↓c.resume()
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a time limit and an answer of which one wins",
                """
                func f(_ client: Client) async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        client.get { r in once.run { c.resume(with: r) } }
                        queue.asyncAfter(deadline: .now() + 5) { once.run { c.resume(throwing: Late()) } }
                    }
                }
                """),
            .init(
                "a loop that is left",
                """
                func f(_ xs: [Int]) async {
                    await withCheckedContinuation { c in
                        for x in xs where x > 2 {
                            c.resume()
                            return
                        }
                        c.resume()
                    }
                }
                """),
            .init(
                "a later start",
                """
                func f(_ client: Client) async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        queue.asyncAfter(deadline: .now() + 1) { client.get { c.resume(with: $0) } }
                    }
                }
                """),
            .init(
                "a timer that ends itself",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        Timer.scheduledTimer(withTimeInterval: 1, repeats: true) { t in
                            t.invalidate()
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "with return",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        legacy { v, e in
                            if let e {
                                c.resume(throwing: e)
                                return
                            }
                            c.resume(returning: v!)
                        }
                    }
                }
                """),
            .init(
                "with else",
                """
                func f(_ b: Bool) async -> Int {
                    await withCheckedContinuation { c in
                        if b { c.resume(returning: 1) } else { c.resume(returning: 2) }
                    }
                }
                """),
            .init(
                "two conditions",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        legacy { v, e in
                            if let v { c.resume(returning: v) }
                            if let e { c.resume(throwing: e) }
                        }
                    }
                }
                """),
            .init(
                "a catch",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        do {
                            let v = try load()
                            c.resume(returning: v)
                        } catch { c.resume(throwing: error) }
                    }
                }
                """),
            .init(
                "a guard",
                """
                func f(_ x: Int?) async -> Int {
                    await withCheckedContinuation { c in
                        guard let x else {
                            c.resume(returning: 0)
                            return
                        }
                        c.resume(returning: x)
                    }
                }
                """),
            .init(
                "two callbacks of which one comes",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        onSuccess { c.resume() }
                        onFailure { c.resume() }
                    }
                }
                """),
            .init(
                "stored",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        box.put(c)
                        c.resume()
                    }
                }
                """),
            .init(
                "two continuations",
                """
                func f() async {
                    await withCheckedContinuation { a in a.resume() }
                    await withCheckedContinuation { b in b.resume() }
                }
                """),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard let scope = ContinuationScope(call), file.isCoveredByAwait(call.node), !scope.escapes else { return }
        checkCallbacks(scope, in: file)
        var seen: Set<SyntaxIdentifier> = []
        var codes: [CodeBlockItemListSyntax] = [scope.closure.statements]
        for resume in scope.resumes {
            var code = Code.enclosing(resume)
            while code.node.id != scope.closure.id, let (call, _) = code.node.as(ClosureExprSyntax.self)?.owningCall,
                file.apis.runsClosureInPlace(call)
            {
                code = Code.enclosing(call.node)
            }
            guard code.node.id != scope.closure.id, let statements = code.statements, seen.insert(code.node.id).inserted
            else { continue }
            codes.append(statements)
        }
        var reported: Set<SyntaxIdentifier> = []
        for statements in codes {
            for double in ContinuationPaths(statements, resumes: scope.resumes, in: file).doubles
            where reported.insert(double.id).inserted {
                file.report(
                    Self.self, at: double,
                    "'\(scope.name ?? "")' has already been resumed on this path: the process stops here; return after the first resume",
                    notes: [(Syntax(call.nameToken), "the continuation")],
                    fixes: fix(double, scope, statements, in: file))
            }
        }
    }

    /// Looks for a timer that resumes again and again, and for a time limit that resumes whether or not the answer has come.
    private func checkCallbacks(_ scope: ContinuationScope, in file: FileContext) {
        var delayed: [FunctionCallExprSyntax] = []
        var others: [FunctionCallExprSyntax] = []
        for resume in scope.resumes {
            guard let closure = Self.certainly(resume), let (owner, _) = closure.owningCall,
                Code.enclosing(owner.node).node.id == scope.closure.id, Loop.enclosing(owner.node) == nil
            else { continue }
            if owner.argument("repeats")?.trimmedDescription == "true" {
                guard !closure.mentions("invalidate") else { continue }
                file.report(
                    Self.self, at: resume,
                    "this timer repeats and resumes '\(scope.name ?? "")' each time: the process stops here",
                    notes: [(Syntax(scope.call.nameToken), "the continuation")])
            } else if file.apis.delaysClosure(owner) || Self.sleepsFirst(closure) {
                delayed.append(resume)
            } else if !file.apis.runsClosureInPlace(owner),
                owner.node.ancestor(IfExprSyntax.self)?.isInside(scope.closure) != true
            {
                others.append(resume)
            }
        }
        guard let late = delayed.first, let other = others.first else { return }
        file.report(
            Self.self, at: late,
            "the time limit resumes '\(scope.name ?? "")' also when the answer has come: the process stops here; let one of them win",
            notes: [(Syntax(other), "the answer")])
    }

    /// The callback a resume stands in, when it is a statement of the callback itself and nothing before it leaves.
    private static func certainly(_ resume: FunctionCallExprSyntax) -> ClosureExprSyntax? {
        guard let item = resume.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self),
            let closure = list.parent?.as(ClosureExprSyntax.self)
        else { return nil }
        for earlier in list.prefix(while: { $0.id != item.id }) {
            if earlier.hasOwnLevel({
                $0.is(ReturnStmtSyntax.self) || $0.is(ThrowStmtSyntax.self) || $0.is(GuardStmtSyntax.self)
            }) {
                return nil
            }
        }
        return closure
    }

    /// `Task { try? await Task.sleep(…); … }`.
    private static func sleepsFirst(_ closure: ClosureExprSyntax) -> Bool {
        guard let first = closure.statements.first?.item.as(ExprSyntax.self), let call = Call(first.core) else {
            return false
        }
        return call.name == "sleep" && call.baseName == "Task"
    }

    /// `return` behind the resume of the `if` just before, when this resume is the last statement.
    private func fix(
        _ double: Syntax, _ scope: ContinuationScope, _ statements: CodeBlockItemListSyntax, in file: FileContext
    ) -> [Fix] {
        let items = Array(statements)
        guard let last = items.last, last.item.id == double.id, items.count > 1 else { return [] }
        let before = items[items.count - 2].item
        guard let branch = before.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self),
            branch.elseBody == nil,
            let resume = branch.body.statements.last, scope.resumes.contains(where: { $0.id == resume.item.id })
        else { return [] }
        let separator = file.sameLine(branch, resume) ? "; return" : "\n\(file.indentation(of: resume))return"
        return [
            Fix(title: "return after the first resume", safety: .safe, edits: [file.insert(separator, after: resume)])
        ]
    }
}
#endif
