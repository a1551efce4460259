#if Lint
import SwiftSyntax

struct ActorReentrancy: CodeRule {
    static let words = ["await", "async"]

    func check(_ code: Code, in file: FileContext) {
        guard code.kind == .function, code.saysAsync, let statements = code.statements,
            let type = file.enclosingTypeName(of: code.node), let info = file.symbols.types[type],
            info.kind == .actorType || Self.isOnGlobalActor(info, code)
        else { return }
        let items = Array(statements)
        checkExpressions(of: info, in: statements, file)
        // What one check looked at and is written together is one mistake.
        var found: [SyntaxIdentifier: (write: Syntax, variable: String, site: Syntax)] = [:]
        func add(_ write: Syntax, _ variable: String, _ site: Syntax) {
            if let known = found[site.id], known.write.position <= write.position { return }
            found[site.id] = (write, variable, site)
        }
        defer {
            for item in found.values.sorted(by: { $0.write.position < $1.write.position }) {
                report(item.write, item.variable, item.site, file)
            }
        }
        for variable in info.variables.sorted() {
            checkLostUpdate(of: variable, in: items, file)
            // Read in a condition, not yet awaited; awaited since; written.
            var read: Syntax?
            var awaited = false
            for item in items {
                let node = Syntax(item.item)
                // Looking at anything of the actor's again, and leaving, is a second check.
                if awaited, let again = item.item.as(GuardStmtSyntax.self),
                    info.variables.contains(where: { reads($0, Syntax(again.conditions)) })
                {
                    read = nil
                }
                if let conditions = Self.conditions(of: node), reads(variable, Syntax(conditions)) {
                    // A check that is only noted decides nothing.
                    if let branch = item.item.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self),
                        branch.elseBody == nil, !branch.hasOwnLevel({ $0.isSuspension }),
                        file.onlyNotes(branch.body.statements)
                    {
                        continue
                    }
                    read = Syntax(conditions)
                    awaited = false
                    guard node.hasOwnLevel({ $0.isSuspension }), !node.is(GuardStmtSyntax.self) else { continue }
                    // The branch awaits: it may act on what its own condition saw; what comes after it is another matter.
                    if let write = Self.actsAfterAwait(variable, in: node, file) {
                        add(write, variable, Syntax(conditions))
                    }
                    read = nil
                    continue
                }
                if !awaited, Self.claims(node, info, besides: variable) { read = nil }
                let write = read == nil ? nil : Self.write(variable, in: node, file)
                let suspends = Self.suspendsOnward(node, file)
                if let write, let site = read, awaited || suspends {
                    add(write, variable, site)
                    break
                }
                if write != nil { read = nil }
                if suspends { awaited = true }
            }
        }
    }

    /// Whether calls of a method run one at a time, and others in between: a type on a global actor is re-entered like an actor.
    private static func isOnGlobalActor(_ info: SymbolTable.TypeInfo, _ code: Code) -> Bool {
        guard case .globalActor = info.isolation, let function = code.node.as(FunctionDeclSyntax.self) else {
            return false
        }
        return !function.modifiers.has(.nonisolated) && !function.attributes.trimmedDescription.contains("@concurrent")
    }

    /// `sum = sum + (await price())`: what others added during the `await` is lost.
    private func checkExpressions(
        of info: SymbolTable.TypeInfo, in statements: CodeBlockItemListSyntax, _ file: FileContext
    ) {
        statements.traverseOwnLevel { node in
            guard let assignment = Assignment(node), let variable = assignment.target.ownName,
                info.variables.contains(variable),
                assignment.target.identifier == nil
                    || file.types.localDeclaration(of: variable, at: Syntax(assignment.target)) == nil
            else { return .into }
            var awaits: AwaitExprSyntax?
            var read: Syntax?
            for part in assignment.value {
                part.traverseOwnLevel { inner in
                    if let found = inner.as(AwaitExprSyntax.self) { awaits = awaits ?? found }
                    guard let value = inner.as(ExprSyntax.self), read == nil, value.ownName == variable,
                        inner.is(DeclReferenceExprSyntax.self) || inner.is(MemberAccessExprSyntax.self),
                        inner.parent?.as(MemberAccessExprSyntax.self)?.declName.id != inner.id
                    else { return .into }
                    read = inner
                    return .into
                }
            }
            // Operands are evaluated from left to right; what stands inside the awaited call is read before it is suspended.
            if let awaits, let read, read.position < awaits.position || read.isInside(awaits), !isReceiver(read) {
                report(node, variable, read, file)
            }
            return .skip
        }
    }

    /// Whether a read is only the receiver of a call: `feed = await feed.next()` asks the object, and replaces it by its answer.
    private func isReceiver(_ read: Syntax) -> Bool {
        read.parent?.as(MemberAccessExprSyntax.self)?.base?.id == read.id
    }

    private func report(_ write: Syntax, _ variable: String, _ site: Syntax, _ file: FileContext) {
        let info = file.enclosingTypeName(of: write).flatMap { file.symbols.types[$0] }
        file.report(
            Self.self, at: write, part: info?.kind == .actorType ? nil : Self.globalActor.id,
            "'\(variable)' may have changed since it was checked: other calls ran during 'await'; "
                + "look again, or store before awaiting",
            notes: [(site, "checked here")])
    }

    /// `loading = task`: whoever comes next finds the work that is under way, and waits for it.
    private static func claims(_ node: Syntax, _ info: SymbolTable.TypeInfo, besides variable: String) -> Bool {
        guard let assignment = Assignment(node), !assignment.isNil else { return false }
        let target = assignment.target.core
        let owner = target.as(SubscriptCallExprSyntax.self)?.calledExpression ?? target
        guard let name = owner.ownName, name != variable, info.variables.contains(name) else { return false }
        let value = assignment.single?.core
        let isTask =
            value?.identifier?.lowercased().contains("task") == true || value.flatMap { Call($0) }?.name == "Task"
        return isTask || ["task", "inflight", "pending"].contains { name.lowercased().contains($0) }
    }

    /// Whether the path that goes on behind a statement has been suspended in it: a branch that awaits and leaves does not count.
    private static func suspendsOnward(_ node: Syntax, _ file: FileContext) -> Bool {
        func block(_ items: CodeBlockItemListSyntax) -> Bool {
            !file.leaves(items) && items.contains { suspendsOnward(Syntax($0.item), file) }
        }
        if let statement = node.as(ExpressionStmtSyntax.self) {
            return suspendsOnward(Syntax(statement.expression), file)
        }
        if let branch = node.as(IfExprSyntax.self) {
            if branch.conditions.hasOwnLevel({ $0.isSuspension }) || block(branch.body.statements) { return true }
            switch branch.elseBody {
            case .codeBlock(let body): return block(body.statements)
            case .ifExpr(let next): return suspendsOnward(Syntax(next), file)
            case nil: return false
            }
        }
        if let choice = node.as(SwitchExprSyntax.self) {
            return choice.subject.hasOwnLevel({ $0.isSuspension })
                || choice.cases.contains { element in
                    if case .switchCase(let branch) = element { block(branch.statements) } else { false }
                }
        }
        if let statement = node.as(GuardStmtSyntax.self) {
            return statement.conditions.hasOwnLevel { $0.isSuspension }
        }
        return node.hasOwnLevel { $0.isSuspension }
    }

    /// A write in the branch of an `if` that an `await` of the branch precedes or feeds.
    private static func actsAfterAwait(_ variable: String, in node: Syntax, _ file: FileContext) -> Syntax? {
        guard let branch = node.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self) else { return nil }
        if let write = actsAfterAwait(variable, in: branch.body.statements, file) { return write }
        guard case .codeBlock(let block) = branch.elseBody else { return nil }
        return actsAfterAwait(variable, in: block.statements, file)
    }

    private static func actsAfterAwait(_ variable: String, in items: CodeBlockItemListSyntax, _ file: FileContext)
        -> Syntax?
    {
        var awaited = false
        for item in items {
            let statement = Syntax(item.item)
            if let write = write(variable, in: statement, file) {
                if awaited || statement.hasOwnLevel({ $0.isSuspension }) { return write }
                return nil
            }
            if conditions(of: statement) != nil { return nil }
            if statement.hasOwnLevel({ $0.isSuspension }) { awaited = true }
        }
        return nil
    }

    /// `let old = count; await …; count = old + 1`: what others wrote in between is lost.
    private func checkLostUpdate(of variable: String, in items: [CodeBlockItemSyntax], _ file: FileContext) {
        var copy: (name: String, site: Syntax)?
        var awaited = false
        for item in items {
            let node = Syntax(item.item)
            if let binding = item.item.as(VariableDeclSyntax.self)?.bindings.first,
                let value = binding.initializer?.value,
                Self.stored(value) == variable,
                let name = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText,
                name != variable
            {
                (copy, awaited) = ((name, Syntax(value)), false)
                continue
            }
            guard let known = copy else { continue }
            if let write = Self.write(variable, in: node, file) {
                let right = write.as(SequenceExprSyntax.self).map { Array($0.elements.dropFirst(2)) } ?? []
                if awaited, right.contains(where: { $0.mentions(known.name) }) {
                    report(write, variable, known.site, file)
                }
                return
            }
            if node.hasOwnLevel({ $0.isSuspension }) { awaited = true }
        }
    }

    /// The name of `name` and `self.name`.
    private static func stored(_ value: ExprSyntax) -> String? {
        if let access = value.as(MemberAccessExprSyntax.self),
            access.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self"
        {
            return access.declName.baseName.plainText
        }
        return value.identifier
    }

    private static func conditions(of node: Syntax) -> ConditionElementListSyntax? {
        if let statement = node.as(GuardStmtSyntax.self) { return statement.conditions }
        return node.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self)?.conditions
    }

    private func reads(_ variable: String, _ conditions: Syntax) -> Bool {
        var found = false
        for token in conditions.tokens(viewMode: .sourceAccurate) where token.plainText == variable {
            if token.parent?.as(DeclReferenceExprSyntax.self) != nil
                || token.parent?.is(IdentifierPatternSyntax.self) == true
            {
                found = true
            }
        }
        return found
    }

    /// A call that adds to the variable or takes from it, as `jobs.removeFirst()` does.
    private static func mutation(of variable: String, in node: Syntax, _ file: FileContext) -> Syntax? {
        let words: Set<String> = [
            "insert", "append", "removeFirst", "removeLast", "popFirst", "popLast", "updateValue",
        ]
        var expression = node.as(ExprSyntax.self) ?? node.as(ReturnStmtSyntax.self)?.expression
        if let value = node.as(VariableDeclSyntax.self)?.bindings.first?.initializer?.value { expression = value }
        guard let call = (expression?.core).flatMap({ Call($0) }), words.contains(call.name),
            let base = call.base?.core, stored(base) == variable,
            file.types.localDeclaration(of: variable, at: node) == nil
        else { return nil }
        return Syntax(call.node)
    }

    /// An assignment of the variable or of an element of it, or a call that changes it.
    private static func write(_ variable: String, in node: Syntax, _ file: FileContext) -> Syntax? {
        guard let sequence = node.as(SequenceExprSyntax.self) else { return mutation(of: variable, in: node, file) }
        let parts = Array(sequence.elements)
        guard parts.count >= 3 else { return nil }
        let isAssignment =
            parts[1].is(AssignmentExprSyntax.self)
            || (parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text.hasSuffix("=") ?? false)
        // Taking it away is no decision that could be wrong by now.
        if parts.count == 3, parts[2].is(NilLiteralExprSyntax.self) { return nil }
        guard isAssignment, parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text != "==" else { return nil }
        var target = parts[0].core
        if let subscripted = target.as(SubscriptCallExprSyntax.self) { target = subscripted.calledExpression.core }
        if let access = target.as(MemberAccessExprSyntax.self),
            access.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self"
        {
            return access.declName.baseName.plainText == variable ? Syntax(sequence) : nil
        }
        guard target.identifier == variable else { return nil }
        return file.types.localDeclaration(of: variable, at: node) == nil ? Syntax(sequence) : nil
    }
}
#endif
