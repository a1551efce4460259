#if Lint
import SwiftSyntax

struct UnboundedStreamBuffer: CallRule {
    static let words: [String] = ["Stream", "yield"]

    func check(_ call: Call, in file: FileContext) {
        let kinds = ["AsyncStream", "AsyncThrowingStream"]
        if let policy = call.argument("bufferingPolicy"), !policy.trimmedDescription.hasSuffix(".unbounded") { return }
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
        var pump: Syntax?
        scope.traverse { node in
            guard let loop = Loop(node) else { return .into }
            switch loop.kind {
            case .forIn: if !loop.isForever { return .into }
            case .forAwait, .whileLoop, .repeatLoop: break
            }
            let yields = !loop.body.traverse { part in
                guard let inner = part.call, inner.name == "yield", let base = inner.base?.core.identifier,
                    names.contains(base)
                else { return .into }
                return .stop
            }
            if yields { pump = Syntax(loop.keyword) }
            return pump == nil ? .into : .stop
        }
        guard let pump else { return }
        file.report(
            Self.self, at: call.node,
            "this stream keeps whatever its reader has not read yet, without a bound; give it a bufferingPolicy, or use a channel",
            notes: [(pump, "fed in this loop")])
    }
}
#endif
