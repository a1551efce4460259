#if Lint
import SwiftSyntax

struct ContinuationNotResumed: CallRule {
    static let words = ["Continuation", "await"]
    static let page = RulePage(
        id: "continuation-not-resumed",
        summary: "A path on which nobody resumes the continuation: the task hangs for good.",
        severity: .error,
        why: """
            A continuation must be resumed exactly once on every path. The one without leaves a task that never ends, with everything it \
            holds; a checked continuation prints a line when it goes, and that is all. `guard let self else { return }` in the callback \
            is the commonest way.
            """,
        instead:
            "Resume on every path, with an error where there is no value. From Swift 6.4 `Continuation` makes the compiler check it.",
        limits: """
            A continuation that is stored or passed on is not followed. In a callback, which may be called several times, only paths \
            that cannot mean "not yet" are reported: a lost `self`, a missing argument, a catch, an optional receiver. \
            `early-returns: true` reports the rest.
            """,
        options: [.init(name: "early-returns", fallback: "false", meaning: "report every early return of a callback")],
        reported: [
            .init(
                "an error that nobody hears of",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        legacy { v, e in
                            guard e == nil else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a failure that only is noted",
                """
                func f(_ c: Client) async -> Int {
                    await withCheckedContinuation { k in
                        ↓c.get { r in
                            switch r {
                            case .success(let v): k.resume(returning: v)
                            case .failure(let e): log(e)
                            }
                        }
                    }
                }
                """),
            .init(
                "a task that gives up",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        Task {
                            guard let v = try? await load(1) else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a queue that gives up",
                """
                func f(_ q: DispatchQueue) async {
                    await withCheckedContinuation { c in
                        q.async {
                            if isClosed { ↓return }
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "nothing but an argument that may be missing",
                "func f() async -> Int { await withCheckedContinuation { c in ↓legacy { v, e in if let v { c.resume(returning: v) } } } }"
            ),
            .init(
                "a lost self, asked for otherwise",
                "class A { func f() async { await withCheckedContinuation { c in legacy { [weak self] in guard self != nil else { ↓return }; c.resume() } } } }"
            ),
            .init(
                "a lost self",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { c in
                            legacy { [weak self] v in
                                guard let self else { ↓return }
                                self.use(v)
                                c.resume(returning: v)
                            }
                        }
                    }
                }
                """),
            .init(
                "`if` without `else`",
                """
                func f(_ b: Bool) async -> Int {
                    await ↓withCheckedContinuation { c in if b { c.resume(returning: 1) } }
                }
                """),
            .init(
                "never used",
                """
                func f() async {
                    await ↓withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in }
                }
                """),
            .init("named and never used", "func f() async { await ↓withCheckedContinuation { c in start() } }"),
            .init(
                "an optional receiver",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { [weak self] c in ↓self?.load { c.resume(returning: $0) }
                        }
                    }
                }
                """),
            .init(
                "an early return",
                """
                func f(_ x: Int?) async -> Int {
                    await withCheckedContinuation { c in
                        guard let x else { ↓return }
                        c.resume(returning: x)
                    }
                }
                """),
            .init(
                "a case",
                """
                func f(_ k: Kind) async -> Int {
                    await ↓withCheckedContinuation { c in
                        switch k {
                        case .a: c.resume(returning: 1)
                        case .b: log(2)
                        }
                    }
                }
                """),
            .init(
                "a catch",
                """
                func f() async throws -> Int {
                    try await ↓withCheckedThrowingContinuation { c in
                        do { c.resume(returning: try load()) } catch { log(error) }
                    }
                }
                """),
            .init(
                "a missing argument of the callback",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        legacy { v, e in
                            guard let v else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a catch in the callback",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in ↓legacy { d in do { c.resume(returning: try parse(d)) } catch { log(error) } }
                    }
                }
                """),
            .init(
                "a flag, where configuration wants to know",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        listen { done in
                            if !done { ↓return }
                            c.resume()
                        }
                    }
                }
                """, options: ["early-returns": "true"]),
        ],
        clean: [
            .init(
                "progress, then an answer",
                """
                func f(_ d: Downloader) async -> Int {
                    await withCheckedContinuation { c in d.start { progress, r in if let r { c.resume(returning: r) } } }
                }
                """),
            .init(
                "somebody else was first",
                """
                func f(_ once: Once) async {
                    await withCheckedContinuation { c in
                        Task { if !once.done { c.resume() } }
                    }
                }
                """),
            .init(
                "another callback resumes otherwise",
                """
                func f(_ s: Session) async {
                    await withCheckedContinuation { c in
                        s.onEnd { c.resume() }
                        DispatchQueue.main.async { if s.canStart { s.start() } else { c.resume() } }
                    }
                }
                """),
            .init(
                "thrown into a catch that resumes",
                """
                func f(_ q: DispatchQueue) async throws {
                    try await withCheckedThrowingContinuation { (c: CheckedContinuation<Void, any Error>) in
                        q.async {
                            do {
                                guard open() else { throw Failed() }
                                c.resume()
                            } catch { c.resume(throwing: error) }
                        }
                    }
                }
                """),
            .init(
                "a callback for each of many",
                "func f(_ clock: Clock) async { await withCheckedContinuation { c in for i in 0..<100 { clock.schedule(i) { if last(i) { c.resume() } } } } }"
            ),
            .init(
                "stored",
                """
                func f() async { await withCheckedContinuation { c in m.withLock { $0.append(c) } } }
                """),
            .init(
                "every case",
                """
                func f(_ cl: Client) async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        cl.get { r in
                            switch r {
                            case .success(let v): c.resume(returning: v)
                            case .failure(let e): c.resume(throwing: e)
                            }
                        }
                    }
                }
                """),
            .init(
                "passed as a function",
                """
                func f() async { await withCheckedContinuation { c in q.async(execute: c.resume) } }
                """),
            .init(
                "both branches",
                """
                func f(_ b: Bool) async -> Int {
                    await withCheckedContinuation { c in
                        if b { c.resume(returning: 1) } else { c.resume(returning: 2) }
                    }
                }
                """),
            .init(
                "not done yet",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        listen { progress in
                            guard progress.isFinished else { return }
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "a guard in a sibling closure",
                """
                class A {
                    func f() async {
                        await withCheckedContinuation { c in
                            onStart { [weak self] in
                                guard let self else { return }
                                self.log()
                            }
                            legacy { c.resume() }
                        }
                    }
                }
                """),
            .init(
                "the guard resumes",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { c in
                            legacy { [weak self] v in
                                guard let self else {
                                    c.resume(returning: 0)
                                    return
                                }
                                c.resume(returning: self.use(v))
                            }
                        }
                    }
                }
                """),
            .init(
                "resumes in a `defer`",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        defer { c.resume() }
                        guard let x else { return }
                        use(x)
                    }
                }
                """),
            .init(
                "returns the resume",
                """
                func f(_ b: Bool) async -> Int {
                    await withCheckedContinuation { c in
                        guard b else { return c.resume(returning: 0) }
                        c.resume(returning: 1)
                    }
                }
                """),
            .init(
                "does not return",
                """
                func f(_ x: Int?) async -> Int {
                    await withCheckedContinuation { c in
                        guard let x else { fatalError() }
                        c.resume(returning: x)
                    }
                }
                """),
            .init(
                "a local function resumes",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        func done() { c.resume() }
                        start(done)
                    }
                }
                """),
            .init(
                "a chain of answers",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        read { chunk in
                            guard let chunk else {
                                c.resume()
                                return
                            }
                            append(chunk)
                        }
                    }
                }
                """),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard let scope = ContinuationScope(call), file.isCoveredByAwait(call.node), !scope.escapes else { return }
        guard !scope.resumes.isEmpty else {
            file.report(Self.self, at: call.nameToken, "nobody can resume this continuation: the task hangs for good")
            return
        }
        let body = scope.closure.statements
        let paths = ContinuationPaths(body, resumes: scope.resumes, in: file)
        if let exit = paths.missing.first {
            report(at: exit, scope, "this path leaves without resuming '\(scope.name ?? "")': the task hangs", in: file)
        } else if paths.endIsMissing {
            report(
                at: Syntax(call.nameToken), scope,
                "some path through this closure does not resume '\(scope.name ?? "")': the task hangs", in: file)
        }
        var seen: Set<SyntaxIdentifier> = []
        for resume in scope.resumes { checkCallbacks(above: resume, scope, &seen, in: file) }
    }

    private func report(at node: Syntax, _ scope: ContinuationScope, _ message: String, in file: FileContext) {
        file.report(Self.self, at: node, message, notes: [(Syntax(scope.call.nameToken), "the continuation")])
    }

    /// Looks at every callback between a resume and its continuation.
    private func checkCallbacks(
        above resume: FunctionCallExprSyntax, _ scope: ContinuationScope, _ seen: inout Set<SyntaxIdentifier>,
        in file: FileContext
    ) {
        var code = Code.enclosing(resume)
        while code.node.id != scope.closure.id, let closure = code.node.as(ClosureExprSyntax.self),
            let (call, _) = closure.owningCall
        {
            code = Code.enclosing(call.node)
            guard seen.insert(closure.id).inserted, !file.apis.runsClosureInPlace(call) else { continue }
            if let chain = optionalStart(call), call.node.parent?.is(CodeBlockItemSyntax.self) == true {
                report(
                    at: Syntax(call.node), scope,
                    "when '\(chain)' is nil nothing starts and nobody resumes '\(scope.name ?? "")': the task hangs",
                    in: file)
            }
            let paths = ContinuationPaths(closure.statements, resumes: scope.resumes, in: file)
            // What runs exactly once has no "not yet", unless somebody else resumes as well, or did.
            let isAlone = file.apis.runsClosureOnce(call) && scope.resumes.allSatisfy { $0.isInside(closure) }
            let everything = file.flag("early-returns", of: Self.self) || (isAlone && !asksWhetherResumed(closure))
            if let exit = paths.missing.first(where: { everything || isFinal($0, closure) }) {
                report(
                    at: exit, scope, "this path leaves without resuming '\(scope.name ?? "")': the task hangs", in: file
                )
            } else if paths.endIsMissing, everything || endsForGood(closure, scope) {
                report(
                    at: Syntax(call.node), scope,
                    "some path through this callback does not resume '\(scope.name ?? "")': the task hangs", in: file)
            }
        }
    }

    /// Whether a condition of the closure asks whether another callback was first.
    private func asksWhetherResumed(_ closure: ClosureExprSyntax) -> Bool {
        closure.statements.hasOwnLevel { node in
            guard let conditions = node.as(IfExprSyntax.self)?.conditions ?? node.as(GuardStmtSyntax.self)?.conditions
            else {
                return false
            }
            let text = conditions.trimmedDescription.lowercased()
            return ["resumed", "finished", "completed", "done", "once", "exchange", "called"].contains {
                text.contains($0)
            }
        }
    }

    /// The text before the `?` of `self?.start { … }`.
    private func optionalStart(_ call: Call) -> String? {
        var found: String?
        call.node.calledExpression.traverseOwnLevel { node in
            guard let chain = node.as(OptionalChainingExprSyntax.self) else { return .into }
            let text = chain.expression.trimmedDescription.split(whereSeparator: \.isWhitespace).joined()
            found = text.count > 40 ? "…" + text.suffix(39) : text
            return .stop
        }
        return found
    }

    /// Whether an early return cannot mean "not yet": it gives up because `self` or an argument of the callback is missing.
    private func isFinal(_ exit: Syntax, _ closure: ClosureExprSyntax) -> Bool {
        let conditions: ConditionElementListSyntax
        if let statement = exit.ancestor(GuardStmtSyntax.self), exit.isInside(statement.body) {
            conditions = statement.conditions
        } else {
            return exit.ancestor(CatchClauseSyntax.self).map { $0.isInside(closure) } ?? false
        }
        guard conditions.isInside(closure) else { return false }
        let names = Set(closure.parameterNames)
        return conditions.contains { element in
            if element.condition.trimmedDescription == "self != nil" { return true }
            // `guard error == nil else { return }`
            if let test = element.condition.as(SequenceExprSyntax.self), test.elements.count == 3,
                test.elements.last?.is(NilLiteralExprSyntax.self) == true, let name = test.elements.first?.identifier,
                names.contains(name)
            {
                return true
            }
            guard let binding = element.condition.as(OptionalBindingConditionSyntax.self) else { return false }
            let bound = binding.pattern.trimmedDescription
            let value = binding.initializer?.value.core
            if bound == "self" || value?.identifier == "self" || value?.trimmedDescription.hasPrefix("self?") == true {
                return true
            }
            return names.contains(value?.identifier ?? bound)
        }
    }

    /// Whether the end without a resume is a lost `self`, or a catch that forgets.
    private func endsForGood(_ closure: ClosureExprSyntax, _ scope: ContinuationScope) -> Bool {
        guard let last = closure.statements.last?.item else { return false }
        let statement = last.as(ExpressionStmtSyntax.self).map { Syntax($0.expression) } ?? Syntax(last)
        if let branch = statement.as(IfExprSyntax.self), branch.elseBody == nil {
            // Nothing but an argument that may be missing: what else should ever resume?
            let reports = closure.parameterNames.contains { name in
                ["progress", "fraction", "percent", "update", "event", "partial"].contains {
                    name.lowercased().contains($0)
                }
            }
            let names = closure.statements.count == 1 && !reports ? Set(closure.parameterNames) : []
            return branch.conditions.contains { element in
                guard let binding = element.condition.as(OptionalBindingConditionSyntax.self) else { return false }
                let bound = binding.pattern.trimmedDescription
                return bound == "self" || names.contains(binding.initializer?.value.core.identifier ?? bound)
            }
        }
        if let choice = statement.as(SwitchExprSyntax.self) {
            // A failure that is no answer: what else should ever come?
            return choice.cases.contains { element in
                guard case .switchCase(let branch) = element,
                    let label = branch.label.as(SwitchCaseLabelSyntax.self)?.caseItems.trimmedDescription,
                    label.contains(".failure")
                else { return false }
                return !branch.statements.mentions(scope.name ?? "")
                    && !branch.statements.contains { $0.item.is(ThrowStmtSyntax.self) }
            }
        }
        if let attempt = statement.as(DoStmtSyntax.self) {
            let names = Set([scope.name ?? ""])
            return attempt.body.mentions(names) && attempt.catchClauses.contains { !$0.body.mentions(names) }
        }
        return false
    }
}
#endif
