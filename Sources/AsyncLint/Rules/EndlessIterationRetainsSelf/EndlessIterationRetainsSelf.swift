#if Lint
import SwiftSyntax

struct EndlessIterationRetainsSelf: CallRule {
    static let words: [String] = ["Task", "for", "await"]

    func check(_ call: Call, in file: FileContext) {
        guard let spawn = file.spawn(call), let body = spawn.body, let property = property(keeping: call),
            let owner = file.enclosingTypeName(of: call.node), let type = file.symbols.types[owner],
            type.kind == .classType || type.kind == .actorType, type.properties.keys.contains(property),
            file.types.localDeclaration(of: property, at: Syntax(call.node)) == nil
        else { return }
        let isWeak = body.signature?.capture?.items.contains { $0.specifier != nil && $0.mentions("self") } ?? false
        guard !isWeak, let loop = endlessLoop(in: body, file) else { return }
        let members = Set(type.functions.keys).union(type.properties.keys).union(["self"])
        guard loop.body.mentions(members) else { return }
        if isCancelled(property, outsideDeinitIn: call.node) { return }
        file.report(
            Self.self, at: call.node,
            "'\(property)' keeps this task, and the task keeps the object until the sequence ends; capture self weakly, "
                + "or cancel the task before the object should go",
            notes: [(Syntax(loop.forKeyword), "goes on for as long as the sequence does")])
    }

    /// The property of `task = Task { … }` and `tasks.append(Task { … })`.
    private func property(keeping call: Call) -> String? {
        if let sequence = call.node.parent?.parent, let assignment = Assignment(sequence),
            assignment.single?.id == call.node.id
        {
            return assignment.target.ownName
        }
        if let outer = call.node.parent?.parent?.parent?.call, ["append", "insert"].contains(outer.name) {
            return outer.base?.ownName
        }
        return nil
    }

    private func endlessLoop(in body: ClosureExprSyntax, _ file: FileContext) -> ForStmtSyntax? {
        for item in body.statements {
            guard let loop = item.item.as(ForStmtSyntax.self), loop.awaitKeyword != nil else { continue }
            var root = loop.sequence.core
            while let base = root.as(MemberAccessExprSyntax.self)?.base ?? Call(root)?.base { root = base.core }
            if let name = root.identifier, name != "self",
                file.types.localDeclaration(of: name, at: Syntax(root)) != nil
            {
                continue
            }
            let leaves = loop.body.hasOwnLevel { $0.is(BreakStmtSyntax.self) || $0.is(ReturnStmtSyntax.self) }
            if !leaves { return loop }
        }
        return nil
    }

    private func isCancelled(_ property: String, outsideDeinitIn node: FunctionCallExprSyntax) -> Bool {
        !node.root.traverse { part in
            if part.is(DeinitializerDeclSyntax.self) { return .skip }
            if let call = part.call, call.name == "cancel", call.base?.mentions(property) == true { return .stop }
            // `for task in tasks { task.cancel() }`, `tasks.forEach { $0.cancel() }`
            if let loop = part.as(ForStmtSyntax.self), loop.sequence.mentions(property), loop.body.mentions("cancel") {
                return .stop
            }
            if let call = part.call, call.base?.ownName == property,
                call.closures.contains(where: { $0.closure.mentions("cancel") })
            {
                return .stop
            }
            return .into
        }
    }
}
#endif
