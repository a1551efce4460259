#if Lint
import SwiftSyntax

/// What a rule sees of the file it checks, and where it puts what it finds. One thread uses it.
final class FileContext {
    let path: String
    let source: SourceText
    let symbols: SymbolTable
    let apis: APITable
    let types: TypeResolver
    let settings: RuleSettings
    private(set) var findings: [Finding] = []
    /// Whether the file belongs to tests.
    var isTest: Bool { settings.isTest }
    private var asyncCode: [SyntaxIdentifier: Bool] = [:]
    /// Code in which a rule has found something, for rules that say it once.
    private var told: [String: Set<SyntaxIdentifier>] = [:]
    /// The modules the file imports, once somebody has asked.
    private var imports: Set<String>?

    init(path: String, source: SourceText, symbols: SymbolTable, apis: APITable, settings: RuleSettings) {
        self.path = path
        self.source = source
        self.symbols = symbols
        self.apis = apis
        self.settings = settings
        types = TypeResolver(symbols: symbols, apis: apis)
    }

    // MARK: Questions

    /// Whether a rule asks for the first time about this code.
    func isFirst(_ rule: String, in code: Code) -> Bool { told[rule, default: []].insert(code.node.id).inserted }

    /// The code a node runs in. Closures that run in place, as `withLock`'s does, belong to the code around them.
    func code(of node: some SyntaxProtocol) -> Code {
        var code = Code.enclosing(node)
        while code.kind == .closure, !code.saysAsync {
            let closure = code.node.cast(ClosureExprSyntax.self)
            if let (call, _) = closure.owningCall, apis.runsClosureInPlace(call) {
                code = Code.enclosing(call.node)
            } else if let call = closure.parent?.as(FunctionCallExprSyntax.self),
                call.calledExpression.id == closure.id
            {
                // `{ … }()` runs on the spot.
                code = Code.enclosing(call)
            } else {
                break
            }
        }
        return code
    }

    /// Whether the file a node stands in imports a module whose name begins so.
    func imports(prefix: String, around node: some SyntaxProtocol) -> Bool {
        if let imports { return imports.contains { $0.hasPrefix(prefix) } }
        var found: Set<String> = []
        node.root.traverseOwnLevel { node in
            guard let name = node.as(ImportDeclSyntax.self)?.path.first?.name.text else { return .into }
            found.insert(name)
            return .skip
        }
        imports = found
        return found.contains { $0.hasPrefix(prefix) }
    }

    /// Whether a node stands in a synchronous method of an actor that runs on Swift's own threads: its callers await it.
    func runsOnActor(_ node: some SyntaxProtocol) -> Bool {
        let code = code(of: node)
        let modifiers: DeclModifierListSyntax
        switch code.kind {
        case .function: modifiers = code.node.cast(FunctionDeclSyntax.self).modifiers
        case .accessor:
            guard let property = code.node.ancestor(VariableDeclSyntax.self) else { return false }
            modifiers = property.modifiers
        default: return false
        }
        if modifiers.has(.nonisolated) || modifiers.has(.static) { return false }
        guard Code.enclosing(code.node).kind == .initialValue, let name = enclosingTypeName(of: code.node),
            let type = symbols.types[name], type.kind == .actorType
        else { return false }
        return type.properties["unownedExecutor"] == nil
    }

    /// Whether code runs as part of a task: declared `async`, or a closure that suspends or is passed where one is expected.
    func isAsync(_ code: Code) -> Bool {
        if code.saysAsync { return true }
        if let known = asyncCode[code.node.id] { return known }
        let answer: Bool
        switch code.kind {
        case .closure:
            let closure = code.node.cast(ClosureExprSyntax.self)
            if code.suspends {
                answer = true
            } else if let type = closure.parent?.parent?.as(PatternBindingSyntax.self)?.typeAnnotation?.type {
                answer = type.firstFunctionType?.effectSpecifiers?.asyncSpecifier != nil
            } else if let (call, label) = closure.owningCall {
                answer =
                    apis.takesAsyncClosure(call, label: label)
                    || (symbols.closureParameter(of: call, label: label, in: self)?.isAsync ?? false)
            } else {
                answer = false
            }
        case .topLevel: answer = code.suspends
        default: answer = false
        }
        asyncCode[code.node.id] = answer
        return answer
    }

    /// Whether a node runs as part of a task.
    func runsAsync(_ node: some SyntaxProtocol) -> Bool { isAsync(code(of: node)) }

    /// Whether nothing but an asynchronous function can be meant: the call itself is what `await` or `async let` waits for.
    func isAwaited(_ call: FunctionCallExprSyntax) -> Bool {
        var node = Syntax(call)
        while let parent = node.parent {
            switch parent.kind {
            case .awaitExpr: return true
            case .tryExpr, .forceUnwrapExpr, .optionalChainingExpr, .labeledExprList:
                node = parent
            case .memberAccessExpr:
                // `await process.waitUntilExit().output()`: either may be what is awaited.
                node = parent
            case .functionCallExpr:
                guard parent.cast(FunctionCallExprSyntax.self).calledExpression.id == node.id else { return false }
                node = parent
            case .tupleExpr, .labeledExpr:
                if parent.is(LabeledExprSyntax.self), parent.parent?.parent?.is(TupleExprSyntax.self) != true {
                    return false
                }
                node = parent
            case .exprList:
                // `await` covers what follows it in `await a + b`.
                for element in parent.cast(ExprListSyntax.self) {
                    if element.id == node.id { break }
                    if element.is(AwaitExprSyntax.self)
                        || element.as(TryExprSyntax.self)?.expression.is(AwaitExprSyntax.self) == true
                    {
                        return true
                    }
                }
                return false
            case .initializerClause:
                return parent.ancestor(VariableDeclSyntax.self)?.isAsyncLet ?? false
            default: return false
            }
        }
        return false
    }

    /// Whether an `await` or `async let` of the same code covers the node.
    func isCoveredByAwait(_ node: some SyntaxProtocol) -> Bool {
        var child = Syntax(node)
        while let parent = child.parent {
            if parent.isOwnCode || parent.is(CodeBlockItemSyntax.self) { return false }
            if parent.is(AwaitExprSyntax.self) { return true }
            if let variable = parent.as(VariableDeclSyntax.self) { return variable.isAsyncLet }
            if let list = parent.as(ExprListSyntax.self) {
                // `await` covers what follows it in `await a + b`.
                for element in list {
                    if element.id == child.id { break }
                    if element.is(AwaitExprSyntax.self)
                        || element.as(TryExprSyntax.self)?.expression.is(AwaitExprSyntax.self) == true
                    {
                        return true
                    }
                }
            }
            child = parent
        }
        return false
    }

    func enclosingTypeName(of node: some SyntaxProtocol) -> String? { types.enclosingType(of: node) }

    /// Whether an error a `try` names can be anything but cancellation.
    func throwsCancellationOnly(_ site: Syntax) -> Bool {
        guard let expression = site.as(TryExprSyntax.self) else { return false }
        guard let call = Call(expression.expression.core) else { return false }
        guard apis.throwsCancellationOnly(call) else { return false }
        return !call.node.arguments.contains { $0.hasOwnLevel { $0.is(TryExprSyntax.self) } }
    }

    /// Whether a `CancellationError` can come out of a piece of code: of some `try` whose call is not known to throw another type.
    func canThrowCancellation(_ body: some SyntaxProtocol) -> Bool {
        ErrorFlow.escapes(from: body).contains { site in
            guard let expression = site.as(TryExprSyntax.self), let call = Call(expression.expression.core),
                !call.node.arguments.contains(where: { $0.hasOwnLevel { $0.is(TryExprSyntax.self) } })
            else { return true }
            let functions = symbols.candidates(for: call, in: self)
            return functions.isEmpty
                || functions.contains { function in
                    guard function.isThrowing else { return false }
                    return function.thrownType.map { ["Error", "CancellationError"].contains($0) } ?? true
                }
        }
    }

    /// Whether code is the closure of a task that nobody keeps, so that nobody can cancel it.
    func isDroppedTask(_ code: Code) -> Bool {
        guard let spawn = spawn(owning: code) else { return false }
        return isDropped(spawn)
    }

    /// Whether nobody has a task: it is a statement, and no function's declared result.
    func isDropped(_ spawn: TaskSpawn) -> Bool {
        if use(of: spawn.call.node) != .used { return true }
        guard spawn.call.node.parent?.is(CodeBlockItemSyntax.self) == true else { return false }
        return Code.enclosing(spawn.call.node).kind == .closure
    }

    /// Whether the statements cannot be left at their end: they return, throw, jump, or call what never returns.
    func leaves(_ items: CodeBlockItemListSyntax) -> Bool {
        guard let last = items.last else { return false }
        switch last.item.kind {
        case .returnStmt, .throwStmt, .breakStmt, .continueStmt: return true
        default: return items.contains { neverReturns(Syntax($0.item)) }
        }
    }

    /// Whether a statement calls what never returns, such as `fatalError`.
    func neverReturns(_ statement: Syntax) -> Bool {
        guard let expression = statement.as(ExprSyntax.self), let call = Call(expression.core) else { return false }
        return call.isBare && apis.neverReturning.contains(call.name)
    }

    /// Whether statements do nothing but note what happened, as `print(error)` and `logger.info(…)` do, or nothing at all.
    func onlyNotes(_ items: CodeBlockItemListSyntax) -> Bool {
        items.allSatisfy { onlyNotes($0) }
    }

    func onlyNotes(_ item: CodeBlockItemSyntax) -> Bool {
        if item.isDiscard { return true }
        guard let expression = item.item.as(ExprSyntax.self), let call = Call(expression.core) else { return false }
        if let base = call.base { return base.trimmedDescription.lowercased().contains("log") }
        return ["print", "debugPrint", "dump", "NSLog", "os_log"].contains(call.name)
            || call.name.lowercased().hasPrefix("log")
    }

    /// Whether a comment on a statement, or on one around it within the function, speaks of cancellation: then it was thought about.
    func speaksOfCancellation(_ node: some SyntaxProtocol) -> Bool { says(["cancel", "shield"], around: node) }

    private static func comment(_ piece: TriviaPiece) -> String {
        switch piece {
        case .lineComment(let text), .blockComment(let text), .docLineComment(let text), .docBlockComment(let text):
            text
        default: ""
        }
    }

    /// Whether a comment on a statement, on one around it, or on the first statement of a closure it passes, uses one of these words,
    /// or the name of the function does.
    func says(_ words: [String], around node: some SyntaxProtocol, orName: Bool = true) -> Bool {
        func speaks(_ trivia: Trivia, onlyDocumentation: Bool = false) -> Bool {
            trivia.pieces.contains { piece in
                switch piece {
                case .lineComment, .blockComment:
                    if onlyDocumentation { return false }
                    fallthrough
                case .docLineComment, .docBlockComment:
                    let text = Self.comment(piece)
                    let lower = text.lowercased()
                    return !lower.contains("asynclint:") && words.contains { lower.contains($0) }
                default: return false
                }
            }
        }
        // `{ // why` and the comments above the first statement of the closure.
        if let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) {
            for (_, closure) in call.closures {
                let opening = closure.signature?.inKeyword ?? closure.leftBrace
                if speaks(closure.leftBrace.trailingTrivia) || speaks(opening.trailingTrivia) { return true }
                if let first = closure.statements.first, speaks(first.leadingTrivia) { return true }
            }
        }
        var next: Syntax? = Syntax(node)
        while let here = next {
            if let item = here.as(CodeBlockItemSyntax.self) {
                if speaks(here.leadingTrivia) || speaks(here.trailingTrivia) { return true }
                // `{ // why` before the first statement.
                if let list = item.parent?.as(CodeBlockItemListSyntax.self), list.first?.id == item.id,
                    let opening = list.previousToken(viewMode: .sourceAccurate), speaks(opening.trailingTrivia)
                {
                    return true
                }
            }
            if let function = here.as(FunctionDeclSyntax.self) {
                let name = function.name.text.lowercased()
                // A line comment above a function may be the file's head.
                return speaks(function.leadingTrivia, onlyDocumentation: true)
                    || (orName && words.contains { name.contains($0) })
            }
            // `case` has its comment before the first statement.
            if here.is(ClosureExprSyntax.self) || here.is(MemberBlockSyntax.self) { return false }
            next = here.parent
        }
        return false
    }

    // MARK: Answers

    func report(
        _ rule: any Rule.Type, at node: some SyntaxProtocol, part: String? = nil, _ message: String,
        notes: [(node: Syntax, message: String)] = [], fixes: [Fix] = [], compilerReportsSince: ToolchainVersion? = nil
    ) {
        let id = part ?? rule.page.id
        guard let severity = settings.severity(of: id) else { return }
        if let since = compilerReportsSince, settings.toolchain >= since { return }
        let start = source.position(node.positionAfterSkippingLeadingTrivia.utf8Offset)
        let end = source.position(node.endPositionBeforeTrailingTrivia.utf8Offset)
        findings.append(
            Finding(
                rule: id, severity: severity, message: message, path: path, start: start, end: end,
                lineText: source.line(start.line),
                notes: notes.map {
                    Finding.Note(
                        position: source.position($0.node.positionAfterSkippingLeadingTrivia.utf8Offset),
                        message: $0.message)
                }, fixes: fixes))
    }

    func option(_ name: String, of rule: any Rule.Type) -> String {
        settings.options[rule.page.id]?[name] ?? rule.page.options.first { $0.name == name }?.fallback ?? ""
    }

    func flag(_ name: String, of rule: any Rule.Type) -> Bool { option(name, of: rule) == "true" }
}
#endif
