#if Lint
import SwiftSyntax

struct UnboundedTaskGroup: LoopRule, CallRule {
    static let words = ["Task"]

    /// `xs.forEach { x in group.addTask { … } }`.
    func check(_ call: Call, in file: FileContext) {
        guard call.name == "forEach" || (call.name == "map" && isList(call, in: file)), let base = call.base,
            let closure = call.closures.first?.closure,
            let spawn = spawn(in: closure.statements, file), !isSmall(base, in: file), !isLongLived(spawn)
        else { return }
        report(at: call.nameToken, spawn, in: file)
    }

    private func report(at node: TokenSyntax, _ spawn: Syntax, in file: FileContext) {
        file.report(
            Self.self, at: node, "one task for each element, all at once; limit how many run together",
            notes: [(spawn, "started here")])
    }

    private func spawn(in items: CodeBlockItemListSyntax, _ file: FileContext) -> Syntax? {
        var spawn: Syntax?
        items.traverseOwnLevel { node in
            if Loop(node) != nil { return .skip }
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return .into }
            let adds =
                call.base != nil && call.name.hasPrefix("add") && call.name.contains("Task") && !call.closures.isEmpty
            if adds || file.spawn(call) != nil { spawn = node }
            return spawn == nil ? .into : .stop
        }
        return spawn
    }

    /// Whether the values of a `map` are kept as a list: an optional has one of that name as well.
    private func isList(_ call: Call, in file: FileContext) -> Bool {
        if let binding = call.node.parent?.parent?.as(PatternBindingSyntax.self) {
            return binding.typeAnnotation?.type.is(ArrayTypeSyntax.self)
                ?? binding.pattern.trimmedDescription.hasSuffix("s")
        }
        guard
            call.node.parent?.is(ReturnStmtSyntax.self) == true
                || call.node.parent?.is(CodeBlockItemSyntax.self) == true
        else { return false }
        return file.code(of: call.node).node.as(FunctionDeclSyntax.self)?.signature.returnClause?.type.is(
            ArrayTypeSyntax.self)
            ?? false
    }

    /// The sequence of `while let x = iterator.next()`, when nothing else holds the loop back.
    private func iterated(_ conditions: ConditionElementListSyntax, in file: FileContext) -> ExprSyntax? {
        guard conditions.count == 1,
            let value = conditions.first?.condition.as(OptionalBindingConditionSyntax.self)?.initializer?.value,
            let call = Call(value), call.name == "next", let name = call.base?.identifier,
            let binding = file.types.localDeclaration(of: name, at: Syntax(value))?.as(PatternBindingSyntax.self),
            let made = (binding.initializer?.value.core).flatMap({ Call($0) }), made.name == "makeIterator"
        else { return nil }
        return made.base
    }

    func check(_ loop: Loop, in file: FileContext) {
        let sequence: ExprSyntax?
        switch loop.kind {
        case .forIn(let statement): sequence = statement.sequence
        case .whileLoop(let conditions): sequence = iterated(conditions, in: file)
        case .repeatLoop, .forAwait: sequence = nil
        }
        guard let sequence, let spawn = spawn(in: loop.body.statements, file), !isSmall(sequence, in: file) else {
            return
        }
        // Awaiting in the loop holds it back: for a finished child, a permit, or the task itself.
        if loop.body.hasOwnLevel({ $0.isSuspension })
            || loop.body.hasOwnLevel({ $0.is(BreakStmtSyntax.self) || $0.is(ReturnStmtSyntax.self) })
        {
            return
        }
        if spawn.mentions(["withPermit", "acquire", "semaphore", "limiter"]) || isLongLived(spawn) { return }
        if case .forIn(let statement) = loop.kind, isComponents(sequence, in: file),
            callsElement(statement.pattern.trimmedDescription, spawn)
        {
            return
        }
        report(at: loop.keyword, spawn, in: file)
    }

    /// Whether a sequence is a list of components: an array of existentials that a type or a parameter holds.
    private func isComponents(_ sequence: ExprSyntax, in file: FileContext) -> Bool {
        let value = sequence.core
        let name: String
        var owner = file.enclosingTypeName(of: value)
        if let access = value.as(MemberAccessExprSyntax.self), let base = access.base {
            name = access.declName.baseName.plainText
            owner = file.types.typeName(of: base)
        } else if let found = value.identifier {
            name = found
            switch file.types.localDeclaration(of: name, at: Syntax(value)) {
            case let binding? where binding.is(PatternBindingSyntax.self):
                return binding.cast(PatternBindingSyntax.self).typeAnnotation?.type.isExistentialArray ?? false
            case let parameter? where parameter.is(FunctionParameterSyntax.self):
                return parameter.cast(FunctionParameterSyntax.self).type.isExistentialArray
            case nil: break
            default: return false
            }
        } else {
            return false
        }
        return owner.map { file.symbols.types[$0]?.existentialArrays.contains(name) ?? false } ?? false
    }

    /// Whether the child is nothing but one call on the element.
    private func callsElement(_ element: String, _ spawn: Syntax) -> Bool {
        guard let body = spawn.as(FunctionCallExprSyntax.self).flatMap({ Call($0) })?.closures.first?.closure,
            let only = body.singleStatement?.item.as(ExprSyntax.self), let call = Call(only.core)
        else { return false }
        return call.base?.core.identifier == element
    }

    /// Whether the child serves for as long as it lives: all of them must run at once.
    private func isLongLived(_ spawn: Syntax) -> Bool {
        guard let body = spawn.as(FunctionCallExprSyntax.self).flatMap({ Call($0) })?.closures.first?.closure else {
            return false
        }
        return body.statements.hasOwnLevel { node in
            if let loop = Loop(node) { return loop.isForAwait || loop.isForever }
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), call.base != nil else {
                return false
            }
            return ["run", "serve", "listen", "runConnections"].contains(call.name)
        }
    }

    private func isSmall(_ sequence: ExprSyntax, in file: FileContext) -> Bool {
        let limit = Int(file.option("max", of: Self.self)) ?? 64
        let value = sequence.core
        if let array = value.as(ArrayExprSyntax.self) { return array.elements.count <= limit }
        if let access = value.as(MemberAccessExprSyntax.self) {
            let name = access.declName.baseName.plainText
            if name == "allCases" || isSmallProperty(name, at: Syntax(value), limit) { return true }
            return (name == "indices" && access.base.map { isSmall($0, in: file) } ?? false)
        }
        if let call = Call(value) {
            if call.name == "Array", call.isBare, let only = call.node.arguments.first?.expression {
                return isSmall(only, in: file)
            }
            if ["prefix", "suffix", "chunks", "stride"].contains(call.name) { return true }
            if let base = call.base, ["enumerated", "reversed", "shuffled", "sorted", "dropFirst"].contains(call.name) {
                return isSmall(base, in: file)
            }
            return false
        }
        if let range = value.as(SequenceExprSyntax.self) { return isSmall(range, limit: limit, in: file) }
        guard let name = value.identifier else { return false }
        if Self.parts.contains(where: { name.lowercased().hasSuffix($0) }) { return true }
        guard let local = file.types.localDeclaration(of: name, at: Syntax(value)) else {
            return isSmallProperty(name, at: Syntax(value), limit)
        }
        guard let made = local.as(PatternBindingSyntax.self)?.initializer?.value else { return false }
        if let literal = made.core.as(ArrayExprSyntax.self) {
            return !literal.elements.isEmpty && literal.elements.count <= limit
        }
        return Call(made.core)?.name == "Array" || Call(made.core)?.name == "prefix" ? isSmall(made, in: file) : false
    }

    /// Names of what is a part of something larger, cut to a size.
    private static let parts = ["chunk", "batch", "slice", "page", "window"]

    /// Whether a stored property or a global of the file is a short literal that is never changed.
    private func isSmallProperty(_ name: String, at node: Syntax, _ limit: Int) -> Bool {
        var found = false
        node.root.traverse { part in
            if part.is(CodeBlockSyntax.self) || part.is(ClosureExprSyntax.self) { return .skip }
            guard let variable = part.as(VariableDeclSyntax.self), variable.bindingSpecifier.tokenKind == .keyword(.let)
            else {
                return .into
            }
            for binding in variable.bindings where binding.pattern.trimmedDescription == name {
                let count = binding.initializer?.value.core.as(ArrayExprSyntax.self)?.elements.count ?? 0
                found = count > 0 && count <= limit
            }
            return found ? .stop : .skip
        }
        return found
    }

    /// A range whose ends are constants not too far apart, or whose upper end is named like a limit.
    private func isSmall(_ range: SequenceExprSyntax, limit: Int, in file: FileContext) -> Bool {
        let parts = Array(range.elements)
        guard parts.count >= 3, let sign = parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text,
            sign == "..<" || sign == "..."
        else { return false }
        func constant(_ expression: ExprSyntax) -> Int? {
            guard let literal = expression.core.as(IntegerLiteralExprSyntax.self) else { return nil }
            return Int(literal.literal.text.filter { $0 != "_" })
        }
        if parts.count == 3, let low = constant(parts[0]), let high = constant(parts[2]) { return high - low <= limit }
        // `tasks: Int = 4` says what it is meant for.
        if parts.count == 3, let name = parts[2].identifier,
            let parameter = file.types.localDeclaration(of: name, at: Syntax(range))?.as(FunctionParameterSyntax.self),
            let count = parameter.defaultValue.flatMap({ constant($0.value) })
        {
            return count <= limit
        }
        let upper = parts[2...].map(\.trimmedDescription).joined().lowercased()
        return [
            "max", "limit", "width", "concurren", "worker", "parallel", "core", "processor", "thread", "min(",
            "permits", "window",
        ]
        .contains { upper.contains($0) }
    }
}
#endif
