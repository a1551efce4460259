#if Lint
import SwiftSyntax

/// Follows which locks are held; what may have been released counts as released.
struct LockWalk {
    struct Held: Equatable {
        let node: SyntaxIdentifier
        let site: Syntax
        let release: Set<String>
    }

    let file: FileContext
    var reported: Set<SyntaxIdentifier> = []

    init(file: FileContext) { self.file = file }

    mutating func run(_ items: CodeBlockItemListSyntax, held start: [String: Held]) -> [String: Held]? {
        var held = start
        for item in items {
            let node = Syntax(item.item)
            if let deferred = node.as(DeferStmtSyntax.self) {
                // Released at the end of this block: held until then.
                for (key, lock) in held where releases(key, lock, in: Syntax(deferred.body)) {
                    pending[item.parent!.id, default: []].append(key)
                }
                continue
            }
            guard let next = step(node, held) else { return nil }
            held = next
        }
        for key in pending[items.id] ?? [] { held[key] = nil }
        return held
    }

    /// What the `defer` statements of a block release at its end.
    private var pending: [SyntaxIdentifier: [String]] = [:]

    private mutating func step(_ node: Syntax, _ held: [String: Held]) -> [String: Held]? {
        switch node.kind {
        case .expressionStmt: return step(Syntax(node.cast(ExpressionStmtSyntax.self).expression), held)
        case .ifExpr:
            let branch = node.cast(IfExprSyntax.self)
            let begun = straight(Syntax(branch.conditions), held)
            // `if lock.tryLock() { … }` holds it in the branch alone, `if !lock.tryLock() { return }` behind it.
            let negated = branch.conditions.hasOwnLevel { $0.as(PrefixOperatorExprSyntax.self)?.operator.text == "!" }
            let then = run(branch.body.statements, held: negated ? held : begun)
            let rest = negated ? begun : held
            let other: [String: Held]? =
                switch branch.elseBody {
                case .codeBlock(let block): run(block.statements, held: rest)
                case .ifExpr(let next): step(Syntax(next), rest)
                case nil: rest
                }
            return Self.common(then, other)
        case .switchExpr:
            var result: [String: Held]?
            for case .switchCase(let branch) in node.cast(SwitchExprSyntax.self).cases {
                result = Self.common(result, run(branch.statements, held: held))
            }
            return result
        case .guardStmt:
            let statement = node.cast(GuardStmtSyntax.self)
            let begun = straight(Syntax(statement.conditions), held)
            _ = run(statement.body.statements, held: held)
            return begun
        case .doStmt:
            let statement = node.cast(DoStmtSyntax.self)
            var result = run(statement.body.statements, held: held)
            for clause in statement.catchClauses {
                result = Self.common(result, run(clause.body.statements, held: held))
            }
            return result
        case .whileStmt, .forStmt, .repeatStmt:
            guard let loop = Loop(node) else { return held }
            if loop.isForAwait { suspend(node, held) }
            let begun = straight(loop.head, held)
            return Self.common(run(loop.body.statements, held: begun), begun)
        case .returnStmt, .throwStmt, .breakStmt, .continueStmt:
            _ = straight(node, held)
            return nil
        default: return straight(node, held)
        }
    }

    /// Code without branches, in the order of its calls.
    private mutating func straight(_ node: Syntax, _ start: [String: Held]) -> [String: Held] {
        var held = start
        var walk = self
        node.traverseOwnLevel { part in
            if part.is(AwaitExprSyntax.self) {
                // The closure of a continuation runs before the task is suspended.
                for (key, lock) in held where walk.releasesInPlace(key, lock, in: part) { held[key] = nil }
                walk.suspend(part, held)
                return .into
            }
            guard let call = part.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return .into }
            for lock in walk.file.apis.locks where lock.acquire == call.name {
                guard let key = walk.key(call, lock), !walk.file.isAwaited(call.node) else { continue }
                let release = walk.file.apis.locks.filter { $0.acquire == call.name }.map(\.release)
                held[key] = Held(node: call.node.id, site: part, release: Set(release))
            }
            for (key, lock) in held
            where lock.release.contains(call.name) && walk.releaseKey(call) == key
                || walk.isReleased(key, lock, by: call)
            {
                held[key] = nil
            }
            return .into
        }
        self = walk
        return held
    }

    private mutating func suspend(_ node: Syntax, _ held: [String: Held]) {
        guard let (key, lock) = held.min(by: { $0.value.site.position < $1.value.site.position }),
            isReleased(key, lock, from: node), reported.insert(lock.node).inserted
        else { return }
        file.report(
            LockHeldAcrossAwait.self, at: node.as(AwaitExprSyntax.self).map { Syntax($0.awaitKeyword) } ?? node,
            "'\(key)' is locked while the task is suspended here; unlock before 'await', or use an asynchronous lock",
            notes: [(lock.site, "locked here")])
    }

    /// Whether a method of the same file that is called here lets go of the lock.
    private func isReleased(_ key: String, _ lock: Held, by call: Call) -> Bool {
        guard call.isBare || call.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self" else {
            return false
        }
        var found = false
        call.node.root.traverse { node in
            guard !found else { return .stop }
            guard let function = node.as(FunctionDeclSyntax.self), function.name.plainText == call.name,
                let body = function.body
            else { return .into }
            found = releases(key, lock, in: Syntax(body))
            return .skip
        }
        return found
    }

    /// A thing that is locked and nowhere unlocked is a door, or is unlocked elsewhere on purpose.
    private func isReleased(_ key: String, _ lock: Held, from node: Syntax) -> Bool {
        guard let statements = file.code(of: node).statements else { return false }
        // A signal from another closure ends a wait for an event: that is no lock.
        return releases(key, lock, in: Syntax(statements))
    }

    private func releases(_ key: String, _ lock: Held, in body: Syntax) -> Bool {
        body.hasOwnLevel { part in
            guard let call = part.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return false }
            return lock.release.contains(call.name) && releaseKey(call) == key
        }
    }

    private func releasesInPlace(_ key: String, _ lock: Held, in node: Syntax) -> Bool {
        var found = false
        node.traverse { part in
            guard let call = part.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }),
                ContinuationScope.functions.contains(call.name),
                let closure = call.closures.last?.closure
            else { return .into }
            if releases(key, lock, in: Syntax(closure.statements)) || closure.statements.mentions(lock.release) {
                found = true
            }
            return found ? .stop : .into
        }
        return found
    }

    /// The receiver's text, or the argument's of a free function.
    private func key(_ call: Call, _ lock: APITable.Lock) -> String? {
        if lock.type.isEmpty { return call.isBare ? releaseKey(call) : nil }
        guard let base = call.base, call.node.arguments.isEmpty || lock.type != "*" else { return nil }
        if lock.type != "*" {
            guard file.types.typeName(of: base) == lock.type else { return nil }
        }
        return releaseKey(call)
    }

    private func releaseKey(_ call: Call) -> String? {
        if let base = call.base {
            let text = base.core.trimmedDescription
            return text.hasPrefix("self.") ? String(text.dropFirst(5)) : text
        }
        return call.node.arguments.first?.expression.trimmedDescription
    }

    private static func common(_ one: [String: Held]?, _ other: [String: Held]?) -> [String: Held]? {
        guard let one else { return other }
        guard let other else { return one }
        return one.filter { other[$0.key] != nil }
    }
}
#endif
