#if Lint
import SwiftParser
import SwiftSyntax

extension StateMachine {
    /// The machines of the asynchronous functions, initializers and getters of a file, in the order of the file.
    ///
    /// - Parameters:
    ///   - source: The file.
    ///   - name: Only functions of this name, or `Type.name`, when it is given.
    /// - Throws: ``ConfigurationError`` when the file cannot be parsed or has no such function.
    public static func machines(in source: Linter.Source, named name: String? = nil) throws -> [StateMachine] {
        let tree = source.bytes.withUnsafeBufferPointer { Parser.parse(source: $0) }
        guard !tree.hasError else {
            throw ConfigurationError(source: source.path, problems: ["the file cannot be parsed"])
        }
        var symbols = SymbolCollector(tree).table
        symbols.finish()
        let file = FileContext(
            path: source.path, source: SourceText(source.bytes), symbols: symbols, apis: .shipped,
            settings: RuleSettings(severities: [:], options: [:], toolchain: .current))
        var found: [StateMachine] = []
        tree.traverse { node in
            guard let code = Code(node), code.kind != .closure, code.saysAsync, let statements = code.statements else {
                return .into
            }
            let (called, signature) = Self.describe(code)
            let qualified = file.enclosingTypeName(of: node).map { $0 + "." + called }
            if name == nil || name == called || name == qualified {
                var builder = StateMachineBuilder(code: code, file: file)
                found.append(builder.build(statements, name: called, signature: signature))
            }
            return .into
        }
        guard !found.isEmpty else {
            let what = name.map { "no asynchronous function named '\($0)'" } ?? "no asynchronous function"
            throw ConfigurationError(source: source.path, problems: [what])
        }
        return found
    }

    private static func describe(_ code: Code) -> (name: String, signature: String) {
        func flat(_ nodes: any SyntaxProtocol...) -> String {
            nodes.map { $0.trimmedDescription }.joined().split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        if let function = code.node.as(FunctionDeclSyntax.self) {
            return (function.name.plainText, "func " + flat(function.name, function.signature))
        }
        if let initializer = code.node.as(InitializerDeclSyntax.self) {
            return ("init", "init" + flat(initializer.signature))
        }
        let property = code.node.ancestor(VariableDeclSyntax.self)?.bindings.first?.pattern.trimmedDescription ?? "get"
        return (property, "var \(property) { get async }")
    }
}
#endif
