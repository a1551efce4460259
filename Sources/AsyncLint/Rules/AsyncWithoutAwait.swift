#if Lint
import SwiftSyntax

struct AsyncWithoutAwait: CodeRule {
    static let words = ["async"]
    static let page = RulePage(
        id: "async-without-await",
        summary: "A function that is `async` and never awaits.",
        severity: .info,
        quietInTests: true,
        why: """
            Every caller must be asynchronous and pay for a suspension point, for nothing. Often it is the rest of a change; sometimes \
            an `await` was meant and forgotten.
            """,
        instead: "Take `async` off, or say with `@concurrent` or `nonisolated` that leaving the actor is the point.",
        limits: """
            Only what is not public, and only where the linted files show that nothing demands `async`: no protocol with a requirement \
            of that name, no protocol or superclass from elsewhere, no override, `@objc`, `@concurrent`, actor initializer, no body \
            that only traps. `public: true` reports public functions as well.
            """,
        options: [.init(name: "public", fallback: "false", meaning: "report public and open functions too")],
        reported: [
            .init("a private function", "private func f() ↓async -> Int { 3 }"),
            .init("an internal function", "func f() ↓async { render(1) }"),
            .init(
                "a nested function's await does not count",
                """
                private func f() ↓async {
                    func g() async { await work() }
                    use(g)
                }
                """),
            .init("a task's await does not count", "func f() ↓async { Task { await work() } }"),
            .init("a method", "struct S { func f() ↓async throws { try parse() } }"),
            .init("a getter", "struct S { var n: Int { get ↓async { 3 } } }"),
            .init("plain conformances excuse nothing", "struct S: Sendable, Codable { func f() ↓async -> Int { 3 } }"),
            .init(
                "a protocol without such a requirement",
                """
                protocol P { func g() async }
                struct S: P {
                    func g() async { await work() }
                    func f() ↓async {}
                }
                """),
        ],
        clean: [
            .init(
                "a route's handler",
                """
                struct Blog { @Sendable static func index(_ r: Request) async throws -> Page { Page() } }
                """),
            .init(
                "passed as a value",
                """
                func page(_ r: Request) async -> Page { Page() }
                func routes(_ app: App) { app.get(use: page) }
                """),
            .init(
                "a witness in a local type",
                """
                func f() async {
                    struct S: Policy { func check() async -> Int { 3 } }
                    await use(S())
                }
                """),
            .init("awaits", "func f() async { await work() }"),
            .init("blocks, which is the finding", "func f() async { usleep(1) }"),
            .init("`async let`", "func f() async { async let a: Void = work(); _ = await a }"),
            .init("`for await`", "func f(_ s: AsyncStream<Int>) async { for await x in s { use(x) } }"),
            .init(
                "an override",
                """
                class B { func f() async { await work() } }
                class S: B { override func f() async { render(1) } }
                """),
            .init(
                "what an override extends",
                """
                class B { func f() async {} }
                class S: B { override func f() async { await work() } }
                """),
            .init("an actor's initializer", "actor A { init() async { prepare() }; func prepare() {} }"),
            .init(
                "a witness in the same files",
                """
                protocol P { func f() async }
                struct S: P { func f() async { render(1) } }
                """),
            .init(
                "a witness by an extension",
                """
                protocol P { func f() async }
                struct S {}
                extension S: P { func f() async { render(1) } }
                """),
            .init(
                "a default implementation",
                """
                protocol P { func f() async }
                extension P { func f() async {} }
                """),
            .init("a protocol from elsewhere", "struct S: Service { func run() async { render(1) } }"),
            .init("`@concurrent`", "@concurrent func f() async -> Int { 3 }"),
            .init("leaves the actor on purpose", "actor A { nonisolated func f() async -> Int { 3 } }"),
            .init("only traps", "func f() async -> Int { fatalError(\"unused\") }"),
            .init("public", "public func f() async -> Int { 3 }"),
            .init("`@objc`", "class C { @objc func f() async { render(1) } }"),
            .init("the program", "@main struct M { static func main() async { render(1) } }"),
            .init("a requirement", "protocol P { func f() async }"),
            .init(
                "an inherited requirement",
                """
                protocol P { func f() async }
                protocol Q: P {}
                struct S: Q { func f() async {} }
                """),
        ])

    func check(_ code: Code, in file: FileContext) {
        guard code.saysAsync, let statements = code.statements, !code.suspends, !trapsOnly(statements, file) else {
            return
        }
        let keyword: TokenSyntax?
        let name: String
        let attributes: AttributeListSyntax
        let modifiers: DeclModifierListSyntax
        switch code.kind {
        case .function:
            let declaration = code.node.cast(FunctionDeclSyntax.self)
            keyword = declaration.signature.effectSpecifiers?.asyncSpecifier
            (name, attributes, modifiers) = (declaration.name.plainText, declaration.attributes, declaration.modifiers)
            if declaration.signature.parameterClause.parameters.contains(where: {
                $0.type.description.contains("isolated ")
            }) {
                return
            }
        case .accessor:
            guard let accessor = code.node.as(AccessorDeclSyntax.self),
                let property = accessor.ancestor(VariableDeclSyntax.self),
                let binding = property.bindings.first
            else { return }
            keyword = accessor.effectSpecifiers?.asyncSpecifier
            (name, attributes, modifiers) = (
                binding.pattern.trimmedDescription, property.attributes, property.modifiers
            )
        default: return
        }
        guard let keyword, name != "main", isExcusable(attributes, modifiers, code, file) == false else { return }
        if let type = file.enclosingTypeName(of: code.node), isDemanded(name, of: type, code, file) { return }
        if isPassedOn(name, code) { return }
        // Where it blocks instead, that is the finding: an `await` belongs there.
        let blocks = statements.hasOwnLevel { node in
            node.as(FunctionCallExprSyntax.self).flatMap { Call($0) }.map { BlockingCallInAsync.blocks($0, in: file) }
                ?? false
        }
        if blocks { return }
        file.report(
            Self.self, at: keyword, "'\(name)' never awaits; take 'async' off, or await what was meant to be awaited",
            fixes: [Fix(title: "take 'async' off", safety: .suggestion, edits: [removal(keyword)])])
    }

    private func isExcusable(
        _ attributes: AttributeListSyntax, _ modifiers: DeclModifierListSyntax, _ code: Code, _ file: FileContext
    ) -> Bool {
        if modifiers.has(.override) || modifiers.has(.nonisolated) { return true }
        if !file.flag("public", of: Self.self), isPublic(modifiers, code.node) { return true }
        let excused: Set<String> = [
            "concurrent", "objc", "objcMembers", "IBAction", "_cdecl", "cdecl", "_silgen_name", "Test",
            "_dynamicReplacement",
            "_spi", "usableFromInline", "inlinable", "Suite", "main", "available",
        ]
        for case .attribute(let attribute) in attributes {
            if let name = plainTypeName(attribute.attributeName), excused.contains(name) { return true }
        }
        // A macro may add the `await`, or need the signature.
        return attributes.contains { element in
            guard case .attribute(let attribute) = element, let name = plainTypeName(attribute.attributeName) else {
                return false
            }
            return !name.hasSuffix("Actor")
                && !["discardableResult", "inline", "preconcurrency"].contains(name)
        }
    }

    private func isPublic(_ modifiers: DeclModifierListSyntax, _ node: Syntax) -> Bool {
        if modifiers.has(.public) || modifiers.has(.open) || modifiers.has(.package) { return true }
        // Members of a `public extension` are public unless they say otherwise.
        guard let group = node.ancestor(ExtensionDeclSyntax.self) else { return false }
        return group.modifiers.has(.public) && !modifiers.has(.private) && !modifiers.has(.fileprivate)
            && !modifiers.has(.internal)
    }

    /// Whether the file uses the function as a value: an overload may be chosen by its type. `@Sendable` says the same.
    private func isPassedOn(_ name: String, _ code: Code) -> Bool {
        guard code.kind == .function else { return false }
        return !code.node.root.traverse { node in
            guard let reference = node.as(DeclReferenceExprSyntax.self), reference.baseName.plainText == name else {
                return .into
            }
            var used = Syntax(reference)
            if let access = used.parent?.as(MemberAccessExprSyntax.self), access.declName.id == reference.id {
                used = Syntax(access)
            }
            if let call = used.parent?.as(FunctionCallExprSyntax.self), call.calledExpression.id == used.id {
                return .skip
            }
            // `x.name.more` reads a property of that name.
            return used.parent?.is(MemberAccessExprSyntax.self) == true ? .skip : .stop
        }
    }

    private func trapsOnly(_ statements: CodeBlockItemListSyntax, _ file: FileContext) -> Bool {
        guard let last = statements.last?.item else { return false }
        if last.is(ThrowStmtSyntax.self), statements.count == 1 { return true }
        guard let expression = last.as(ExprSyntax.self), let call = Call(expression.core) else { return false }
        return call.isBare && file.apis.neverReturning.contains(call.name)
    }

    /// Whether something may demand `async`: a requirement of that name, or a conformance whose requirements are out of sight.
    private func isDemanded(_ name: String, of type: String, _ code: Code, _ file: FileContext) -> Bool {
        if Code.enclosing(code.node).kind != .initialValue { return false }
        if file.symbols.isOverridden(name) { return true }
        guard file.symbols.declaresType(type) else { return true }
        let table = file.symbols.types
        for ancestor in file.symbols.ancestors(of: type).union([type]) {
            guard let info = table[ancestor], info.kind != nil else {
                if !file.apis.plainProtocols.contains(ancestor) { return true }
                continue
            }
            guard info.kind == .protocolType else { continue }
            if info.functions[name]?.contains(where: \.isAsync) == true || info.asyncProperties.contains(name) {
                return true
            }
        }
        // An extension of another type's protocol may make it a witness: look from the protocols down, for default implementations.
        return false
    }

    private func removal(_ keyword: TokenSyntax) -> Fix.Edit {
        Fix.Edit(
            start: keyword.positionAfterSkippingLeadingTrivia.utf8Offset, end: keyword.endPosition.utf8Offset, text: "")
    }
}
#endif
