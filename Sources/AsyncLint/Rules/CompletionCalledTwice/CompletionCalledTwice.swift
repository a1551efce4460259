#if Lint
import SwiftSyntax

struct CompletionCalledTwice: CodeRule {
    static let words: [String] = ["completion"]

    func check(_ code: Code, in file: FileContext) {
        guard code.kind == .function || code.kind == .initializer, let statements = code.statements else { return }
        let clause =
            code.node.as(FunctionDeclSyntax.self)?.signature.parameterClause
            ?? code.node.as(InitializerDeclSyntax.self)?.signature.parameterClause
        for parameter in clause?.parameters ?? [] where parameter.type.firstFunctionType != nil {
            let name = (parameter.secondName ?? parameter.firstName).plainText
            let lower = name.lowercased()
            guard lower.hasPrefix("completion") || lower.hasSuffix("handler") || lower == "callback" || lower == "reply"
            else { continue }
            var bodies = [statements]
            statements.traverse { node in
                if node.is(FunctionDeclSyntax.self) { return .skip }
                if let closure = node.as(ClosureExprSyntax.self) { bodies.append(closure.statements) }
                return .into
            }
            for body in bodies { check(body, name, parameter, in: file) }
        }
    }

    private func check(
        _ body: CodeBlockItemListSyntax, _ name: String, _ parameter: FunctionParameterSyntax, in file: FileContext
    ) {
        var doubles: [Syntax] = []
        _ = PathWalk(body, from: false, in: file) { node, isCalled in
            guard let call = node.call, call.isBare, call.name == name else { return }
            if isCalled, !doubles.contains(where: { $0.id == node.id }) { doubles.append(node) }
            isCalled = true
        }
        for double in doubles.sorted(by: { $0.position < $1.position }).prefix(1) {
            file.report(
                Self.self, at: double,
                "'\(name)' may have been called already on this path; return after the first call",
                notes: [(Syntax(parameter), "the handler")])
        }
    }
}
#endif
