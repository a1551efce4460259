#if Lint
import SwiftSyntax

struct StreamContinuationWithoutTermination: CallRule {
    static let words: [String] = ["Stream"]

    func check(_ call: Call, in file: FileContext) {
        let kinds = ["AsyncStream", "AsyncThrowingStream"]
        guard let owner = enclosingType(of: Syntax(call.node)), !owner.mentions("onTermination"),
            Code.enclosing(call.node).kind != .initialValue, file.code(of: call.node).kind != .initializer
        else { return }
        let names: Set<String>
        let scope: Syntax
        if call.isBare, kinds.contains(call.name), call.argument("unfolding") == nil,
            let builder = call.closures.last?.closure
        {
            names = Set(builder.parameterNames)
            scope = Syntax(builder.statements)
        } else if call.name == "makeStream", kinds.contains(call.baseName ?? ""),
            let pattern = call.node.parent?.parent?.as(PatternBindingSyntax.self)?.pattern.as(TuplePatternSyntax.self),
            let name = pattern.elements.last?.pattern.trimmedDescription,
            let list = call.node.ancestor(CodeBlockItemListSyntax.self)
        {
            names = [name]
            scope = Syntax(list)
        } else {
            return
        }
        guard keeps(names, in: scope) else { return }
        file.report(
            Self.self, at: call.node,
            "nobody hears when the reader of this stream has gone; set onTermination where the continuation is kept")
    }

    private func enclosingType(of node: Syntax) -> Syntax? {
        var next = node.parent
        while let here = next {
            if here.asProtocol((any DeclGroupSyntax).self) != nil { return here }
            next = here.parent
        }
        return nil
    }

    /// Whether the continuation itself is assigned, or given to a call.
    private func keeps(_ names: Set<String>, in scope: Syntax) -> Bool {
        !scope.traverse { node in
            if let assignment = Assignment(node), let name = assignment.single?.core.identifier, names.contains(name) {
                return .stop
            }
            guard let call = node.call else { return .into }
            let given = call.node.arguments.contains { argument in
                argument.expression.core.identifier.map { names.contains($0) } ?? false
            }
            return given ? .stop : .into
        }
    }
}
#endif
