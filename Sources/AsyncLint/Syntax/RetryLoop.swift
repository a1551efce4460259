#if Lint
import SwiftSyntax

/// An asynchronous attempt that is repeated until it succeeds: a loop that it leaves on success and goes round on failure, or a
/// function that calls itself in the catch. Both retry rules stand on it.
struct RetryLoop {
    /// The loop; nil when the function calls itself.
    let loop: Loop?
    /// The attempt: the body of a `do`, or the expression behind `try?`.
    let attempt: Syntax
    /// The statement the attempt is part of.
    let statement: Syntax
    /// Where to report it.
    let keyword: TokenSyntax
    /// The clause that goes round; nil for `try?`.
    let clause: CatchClauseSyntax?
    /// The call of the function itself.
    let recursion: FunctionCallExprSyntax?

    /// All clauses of the attempt's `do`.
    var clauses: CatchClauseListSyntax? { statement.as(DoStmtSyntax.self)?.catchClauses }

    /// Finds the attempt among the statements of a loop: one that awaits, leaves the loop on success, and goes round on failure.
    init?(_ loop: Loop, in file: FileContext) {
        if loop.isForAwait { return nil }
        for item in loop.body.statements {
            if let attempt = item.item.as(DoStmtSyntax.self) {
                guard Self.triesAsync(attempt.body), Self.succeeds(attempt, item, in: loop),
                    let clause = Self.roundClause(attempt, in: file)
                else { continue }
                self.init(
                    loop: loop, attempt: Syntax(attempt.body), statement: Syntax(attempt), keyword: attempt.doKeyword,
                    clause: clause)
                return
            }
            guard let expression = Self.optionalAttempt(item, in: loop, file) else { continue }
            self.init(
                loop: loop, attempt: Syntax(expression.expression), statement: Syntax(item.item),
                keyword: expression.tryKeyword, clause: nil)
            return
        }
        return nil
    }

    /// Finds a function's call of itself in the catch of its own attempt.
    init?(recursive attempt: DoStmtSyntax, in file: FileContext) {
        guard Self.triesAsync(attempt.body), Loop.enclosing(attempt) == nil,
            let function = file.code(of: attempt).node.as(FunctionDeclSyntax.self),
            let clause = attempt.catchClauses.first(where: \.catchesEverything)
        else { return nil }
        let name = function.name.plainText
        var found: FunctionCallExprSyntax?
        clause.body.traverseOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), call.name == name,
                call.isBare || call.base?.trimmedDescription == "self" || call.base?.trimmedDescription == "Self",
                file.isAwaited(call.node),
                // `f(forceLocal: true)` and `f(options: .init(retries: false))` try something else.
                !call.node.arguments.contains(where: { argument in
                    argument.expression.isLiteral
                        || argument.expression.hasOwnLevel { $0.is(BooleanLiteralExprSyntax.self) }
                }), !Self.takesRest(call, of: function, in: file)
            else { return .into }
            found = call.node
            return .stop
        }
        // A walk down a tree calls itself in the attempt as well.
        guard let found, !attempt.body.mentions(name) else { return nil }
        self.init(
            loop: nil, attempt: Syntax(attempt.body), statement: Syntax(attempt), keyword: attempt.doKeyword,
            clause: clause, recursion: found)
    }

    /// Whether an argument is what is left of a list of alternatives: `dropFirst`, `suffix`, `filter`, a slice, or the next index of
    /// what the attempt picks by it. One local name is followed.
    private static func takesRest(_ call: Call, of function: FunctionDeclSyntax, in file: FileContext) -> Bool {
        let cuts: Set<String> = [
            "dropFirst", "dropLast", "suffix", "prefix", "filter", "removeFirst", "removeLast", "popFirst", "popLast",
            "remove", "subtracting", "removing", "index",
        ]
        func cut(_ expression: some SyntaxProtocol) -> Bool {
            expression.hasOwnLevel { node in
                if let access = node.as(MemberAccessExprSyntax.self) {
                    return access.base != nil && cuts.contains(access.declName.baseName.plainText)
                }
                // `sources[1...]`
                return node.as(SubscriptCallExprSyntax.self)?.arguments.first?.expression.core.hasOwnLevel {
                    ["...", "..<"].contains(
                        $0.as(BinaryOperatorExprSyntax.self)?.operator.text
                            ?? $0.as(PostfixOperatorExprSyntax.self)?.operator.text ?? "")
                } ?? false
            }
        }
        let body = function.body.map { Syntax($0) } ?? Syntax(function)
        return call.node.arguments.contains { argument in
            if cut(argument.expression) { return true }
            // `Array(rest)` is the same as `rest`.
            var value = argument.expression.core
            if let wrapper = Call(value), wrapper.isBare, let only = wrapper.node.arguments.first,
                wrapper.node.arguments.count == 1
            {
                value = only.expression.core
            }
            if let name = value.identifier {
                let local = file.types.localDeclaration(of: name, at: Syntax(call.node))
                guard let binding = local?.as(PatternBindingSyntax.self) else { return false }
                if let value = binding.initializer?.value, cut(value) { return true }
                // `var rest = sources; rest.removeFirst()`
                return body.hasOwnLevel { node in
                    guard let change = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
                    return cuts.contains(change.name) && change.base?.core.identifier == name
                }
            }
            // `f(index + 1)` where the attempt takes `urls[index]`.
            guard let parts = argument.expression.core.as(SequenceExprSyntax.self)?.elements,
                let name = parts.first?.identifier
            else { return false }
            return body.hasOwnLevel { node in
                node.as(SubscriptCallExprSyntax.self)?.arguments.contains { $0.expression.mentions(name) } ?? false
            }
        }
    }

    private init(
        loop: Loop?, attempt: Syntax, statement: Syntax, keyword: TokenSyntax, clause: CatchClauseSyntax?,
        recursion: FunctionCallExprSyntax? = nil
    ) {
        self.loop = loop
        self.attempt = attempt
        self.statement = statement
        self.keyword = keyword
        self.clause = clause
        self.recursion = recursion
    }

    /// The clause after which the loop goes round: the one for every error, else the first that stays.
    private static func roundClause(_ attempt: DoStmtSyntax, in file: FileContext) -> CatchClauseSyntax? {
        func stays(_ clause: CatchClauseSyntax) -> Bool {
            !file.leaves(clause.body.statements) || endsWithContinue(clause.body)
        }
        if let all = attempt.catchClauses.first(where: \.catchesEverything) { return stays(all) ? all : nil }
        return attempt.catchClauses.first { stays($0) && !$0.mentions(CancellationWords.all) }
    }

    /// `try? await …` of `if let v = try? await … { return v }`, of `guard let v = try? await … else { continue }`, and of
    /// `let v = try? await …` with a statement behind it that looks at `v` and leaves.
    private static func optionalAttempt(_ item: CodeBlockItemSyntax, in loop: Loop, _ file: FileContext)
        -> TryExprSyntax?
    {
        if let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self) {
            guard branch.elseBody == nil, file.leaves(branch.body.statements),
                branch.body.statements.last?.item.is(ContinueStmtSyntax.self) != true
            else { return nil }
            return bound(branch.conditions)
        }
        if let statement = item.item.as(GuardStmtSyntax.self) {
            guard endsWithContinue(statement.body), let last = loop.body.statements.last?.item,
                last.is(ReturnStmtSyntax.self) || last.is(BreakStmtSyntax.self)
            else { return nil }
            return bound(statement.conditions)
        }
        guard let binding = item.item.as(VariableDeclSyntax.self)?.bindings.first,
            let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText,
            let value = binding.initializer?.value.as(TryExprSyntax.self), isOptionalAwait(value)
        else { return nil }
        let leaves = loop.body.statements.contains { other in
            guard let branch = other.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self) else {
                return false
            }
            return ["let \(name)", "\(name) != nil"].contains(branch.conditions.trimmedDescription)
                && file.leaves(branch.body.statements)
                && branch.body.statements.last?.item.is(ContinueStmtSyntax.self) != true
        }
        return leaves ? value : nil
    }

    private static func bound(_ conditions: ConditionElementListSyntax) -> TryExprSyntax? {
        guard conditions.count == 1,
            let value = conditions.first?.condition.as(OptionalBindingConditionSyntax.self)?.initializer?.value.as(
                TryExprSyntax.self)
        else { return nil }
        return isOptionalAwait(value) ? value : nil
    }

    private static func isOptionalAwait(_ value: TryExprSyntax) -> Bool {
        value.questionOrExclamationMark?.tokenKind == .postfixQuestionMark && value.expression.is(AwaitExprSyntax.self)
    }

    private static func triesAsync(_ body: CodeBlockSyntax) -> Bool {
        body.hasOwnLevel { node in
            guard let expression = node.as(TryExprSyntax.self), expression.questionOrExclamationMark == nil else {
                return false
            }
            // `try await group.next()` takes what others have done.
            if let call = Call(expression.expression.core), call.name == "next" || call.name == "nextResult" {
                return false
            }
            return expression.hasOwnLevel { $0.is(AwaitExprSyntax.self) }
        }
    }

    /// Success leaves the loop: from the `do`, right behind it when the catch goes round with `continue`, or because the `do` sets
    /// what the loop's condition waits for.
    private static func succeeds(_ attempt: DoStmtSyntax, _ item: CodeBlockItemSyntax, in loop: Loop) -> Bool {
        func leaves(_ node: Syntax) -> Bool {
            node.hasOwnLevel { part in
                // The way out of a `guard` is taken when there is nothing left, not on success.
                if let statement = part.ancestor(GuardStmtSyntax.self), statement.isInside(attempt),
                    part.isInside(statement.body)
                {
                    return false
                }
                // Nor is the one of a catch inside the attempt.
                if part.ancestor(CatchClauseSyntax.self)?.isInside(attempt.body) == true { return false }
                if part.is(ReturnStmtSyntax.self) { return true }
                guard let jump = part.as(BreakStmtSyntax.self) else { return false }
                if jump.label != nil { return true }
                let breaksSwitch = jump.ancestor(SwitchCaseSyntax.self).map { $0.isInside(attempt) } ?? false
                return !breaksSwitch && Loop.enclosing(jump)?.node.id == loop.node.id
            }
        }
        if leaves(Syntax(attempt.body)) || setsCondition(of: loop, in: attempt.body) { return true }
        guard let last = loop.body.statements.last, last.id != item.id else { return false }
        guard last.item.is(ReturnStmtSyntax.self) || last.item.is(BreakStmtSyntax.self) else { return false }
        return attempt.catchClauses.allSatisfy { endsWithContinue($0.body) }
    }

    /// `connected = true` in `while !connected`, `result = try await load()` in `while result == nil`.
    private static func setsCondition(of loop: Loop, in body: CodeBlockSyntax) -> Bool {
        switch loop.kind {
        case .whileLoop, .repeatLoop: break
        case .forIn, .forAwait: return false
        }
        return body.statements.contains { item in
            guard let parts = item.item.as(SequenceExprSyntax.self)?.elements, parts.count >= 3,
                parts.dropFirst().first?.is(AssignmentExprSyntax.self) == true,
                let target = parts.first?.trimmedDescription
            else { return false }
            let head = loop.head.trimmedDescription
            let name = target.hasPrefix("self.") ? String(target.dropFirst(5)) : target
            return head == "!" + target || head == "!" + name || head.hasPrefix(target + " == nil")
                || head.hasPrefix(name + " == nil")
        }
    }

    private static func endsWithContinue(_ body: CodeBlockSyntax) -> Bool {
        body.statements.last?.item.is(ContinueStmtSyntax.self) ?? false
    }

    /// Whether each round tries something else: the attempt uses the element, so it is a list of alternatives, not a retry. The
    /// number of a round is no element, unless the attempt picks by it.
    var consumesElement: Bool {
        guard let loop else { return false }
        guard case .forIn(let statement) = loop.kind else {
            let picked = Self.bindings(in: loop.head) { _ in true }
            return changesAttempt || attempt.mentions(derived(from: picked, in: loop))
        }
        let names = Self.identifiers(in: statement.pattern)
        guard Self.isRange(statement.sequence) else { return attempt.mentions(derived(from: names, in: loop)) }
        if names.contains(where: {
            $0.lowercased().contains("attempt") || $0.lowercased().contains("tr") && $0.count <= 7
        }) {
            return false
        }
        return attempt.hasOwnLevel { node in
            guard let reference = node.as(DeclReferenceExprSyntax.self), names.contains(reference.baseName.plainText),
                reference.ancestor(StringLiteralExprSyntax.self) == nil
            else { return false }
            return reference.ancestor(AwaitExprSyntax.self).map { $0.isInside(attempt) } ?? false
        }
    }

    private static func identifiers(in pattern: PatternSyntax) -> Set<String> {
        var names: Set<String> = []
        for token in pattern.tokens(viewMode: .sourceAccurate) {
            if case .identifier(let name) = token.tokenKind { names.insert(name) }
        }
        return names
    }

    /// Names that are bound below a node, where the initial value satisfies a condition.
    private static func bindings(in node: some SyntaxProtocol, where condition: (ExprSyntax) -> Bool) -> Set<String> {
        var names: Set<String> = []
        node.traverseOwnLevel { part in
            if let optional = part.as(OptionalBindingConditionSyntax.self) {
                if let value = optional.initializer?.value, condition(value) {
                    names.formUnion(identifiers(in: optional.pattern))
                }
            } else if let binding = part.as(PatternBindingSyntax.self), let value = binding.initializer?.value,
                condition(value)
            {
                names.formUnion(identifiers(in: binding.pattern))
            }
            return .into
        }
        return names
    }

    /// The names, and those the loop makes of them before the attempt, or picks anew in each round.
    private func derived(from names: Set<String>, in loop: Loop) -> Set<String> {
        var found = names
        for item in loop.body.statements.prefix(while: { !statement.isInside($0) }) {
            found.formUnion(
                Self.bindings(in: item) { value in
                    if !found.isEmpty, value.mentions(found) { return true }
                    let picks: Set<String> = [
                        "next", "pop", "popFirst", "popLast", "removeFirst", "randomElement", "pick",
                    ]
                    return Call(value.core).map { picks.contains($0.name) } ?? false
                })
        }
        return found
    }

    /// Whether something the attempt is made with is set anew between two rounds: another version, another host.
    private var changesAttempt: Bool {
        between { node in
            guard let parts = node.as(SequenceExprSyntax.self)?.elements, parts.count >= 3,
                parts.dropFirst().first?.is(AssignmentExprSyntax.self) == true,
                let name = parts.first?.core.identifier
            else { return false }
            return attempt.hasOwnLevel { part in
                part.as(DeclReferenceExprSyntax.self).map {
                    $0.baseName.plainText == name && $0.ancestor(AwaitExprSyntax.self)?.isInside(attempt) == true
                } ?? false
            }
        }
    }

    private static func isRange(_ sequence: ExprSyntax) -> Bool {
        let value = sequence.core
        if value.is(PostfixOperatorExprSyntax.self) { return true }
        if let call = Call(value) { return call.name == "stride" }
        return value.as(SequenceExprSyntax.self)?.elements.contains { part in
            ["...", "..<"].contains(part.as(BinaryOperatorExprSyntax.self)?.operator.text)
        } ?? false
    }

    /// What runs between a failure and the next attempt: the catch, and the loop's code outside the attempt. The call of the function
    /// itself is the next attempt.
    func between(_ condition: (Syntax) -> Bool) -> Bool {
        func holds(_ node: Syntax) -> Bool {
            if let recursion, recursion.isInside(node) { return false }
            return condition(node)
        }
        if let clause, clause.body.hasOwnLevel(holds) { return true }
        return loop?.body.statements.contains { item in
            !statement.isInside(item) && item.hasOwnLevel(holds)
        } ?? false
    }
}
#endif
