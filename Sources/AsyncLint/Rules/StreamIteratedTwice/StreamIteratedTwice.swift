#if Lint
import SwiftSyntax

struct StreamIteratedTwice: CodeRule {
    static let words: [String] = ["Stream", "await", "for"]

    func check(_ code: Code, in file: FileContext) {
        guard let statements = code.statements,
            code.kind == .function || code.kind == .initializer || code.kind == .accessor
        else { return }
        var loops: [(loop: ForStmtSyntax, key: String, task: SyntaxIdentifier?)] = []
        statements.traverse { node in
            if node.is(FunctionDeclSyntax.self) { return .skip }
            guard let loop = node.as(ForStmtSyntax.self), loop.awaitKeyword != nil, let key = stream(loop, file) else {
                return .into
            }
            loops.append((loop, key, task(around: Syntax(loop), within: code, file)?.id))
            return .into
        }
        guard loops.count > 1 else { return }
        for (index, second) in loops.enumerated() {
            let first = loops[..<index].first { other in
                other.key == second.key && other.task != second.task && !areBranches(other.loop, second.loop)
            }
            guard let first else { continue }
            file.report(
                Self.self, at: second.loop,
                "'\(second.loop.sequence.trimmedDescription)' is iterated by two tasks: each sees only a part of it; "
                    + "iterate once and pass on, or give each a stream of its own",
                notes: [(Syntax(first.loop.forKeyword), "iterated here too")])
        }
    }

    /// A key for the stream a loop goes over: its name and where it is declared.
    private func stream(_ loop: ForStmtSyntax, _ file: FileContext) -> String? {
        let value = loop.sequence.core
        guard let name = value.ownName else { return nil }
        let types = ["AsyncStream", "AsyncThrowingStream"]
        if value.identifier != nil, let local = file.types.localDeclaration(of: name, at: Syntax(value)) {
            if let binding = local.as(PatternBindingSyntax.self),
                let made = (binding.initializer?.value.core).flatMap({ Call($0) }),
                made.name == "makeStream", types.contains(made.baseName ?? "")
            {
                return "\(local.position.utf8Offset)"
            }
            guard types.contains(file.types.typeName(of: value) ?? "") else { return nil }
            return "\(local.position.utf8Offset)"
        }
        guard let owner = file.enclosingTypeName(of: value), let info = file.symbols.types[owner],
            let type = info.properties[name] ?? nil, types.contains(type), !info.computed.contains(name)
        else { return nil }
        return owner + "." + name
    }

    /// The closure of the task or child that a node runs in, up to the code that starts it; nil for that code itself.
    private func task(around node: Syntax, within code: Code, _ file: FileContext) -> Syntax? {
        var found: Syntax?
        var next = Code.enclosing(node)
        while next.node.id != code.node.id, next.kind == .closure {
            guard let (owner, _) = next.node.cast(ClosureExprSyntax.self).owningCall else { break }
            if file.spawn(owner) != nil || owner.name.hasPrefix("addTask") { found = next.node }
            next = Code.enclosing(owner.node)
        }
        return found
    }

    /// Whether two nodes stand in branches of which only one is taken.
    private func areBranches(_ one: ForStmtSyntax, _ other: ForStmtSyntax) -> Bool {
        var next = one.parent
        while let here = next {
            if here.isInside(other) || other.isInside(here) {
                return here.is(IfExprSyntax.self) || here.is(SwitchCaseListSyntax.self)
            }
            next = here.parent
        }
        return false
    }
}
#endif
