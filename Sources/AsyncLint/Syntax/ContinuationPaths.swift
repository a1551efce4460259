#if Lint
import SwiftSyntax

/// Walks the paths of one piece of code and tells which leave without a resume, and which resume twice.
struct ContinuationPaths {
    /// What has happened on a path so far.
    private struct State: Hashable {
        /// Resumed here, or handed to a callback that resumes.
        var isServed = false
        var direct = Direct.none
    }

    private enum Direct: Hashable {
        case none
        /// On every path through the current block.
        case sure
        /// On some path through the current block.
        case some
        /// Before the current branch began, on some path: a resume in this branch may exclude it.
        case outside
    }

    /// Ways out of the code on which nobody resumes: `return` statements, or the end.
    private(set) var missing: [Syntax] = []
    /// Whether the end is reached without a resume.
    private(set) var endIsMissing = false
    /// Resumes that follow another one on the same straight path.
    private(set) var doubles: [Syntax] = []
    private let isResume: (Syntax) -> Bool
    private let file: FileContext
    private var breaks: [Set<State>] = []
    /// What is thrown inside a `do` that catches.
    private var catchers: [Set<State>] = []
    /// What leaves closures that run in place: their `return` goes on behind them.
    private var returns: [Set<State>] = []

    init(_ items: CodeBlockItemListSyntax, resumes: [FunctionCallExprSyntax], in file: FileContext) {
        let ids = Set(resumes.map(\.id))
        isResume = { ids.contains($0.id) }
        self.file = file
        let end = walk(items, [State()])
        endIsMissing = end.contains { !$0.isServed }
    }

    private mutating func walk(_ items: CodeBlockItemListSyntax, _ start: Set<State>) -> Set<State> {
        var states = start
        for item in items {
            if states.isEmpty { break }
            states = walk(Syntax(item.item), states)
        }
        return states
    }

    private mutating func walk(_ node: Syntax, _ states: Set<State>) -> Set<State> {
        switch node.kind {
        case .expressionStmt: return walk(Syntax(node.cast(ExpressionStmtSyntax.self).expression), states)
        case .ifExpr: return walk(node.cast(IfExprSyntax.self), states)
        case .switchExpr:
            breaks.append([])
            var out: Set<State> = []
            for case .switchCase(let branch) in node.cast(SwitchExprSyntax.self).cases {
                out.formUnion(walk(branch.statements, inside(states)))
            }
            out.formUnion(breaks.removeLast())
            return joined(out, before: states)
        case .doStmt: return walk(node.cast(DoStmtSyntax.self), states)
        case .guardStmt:
            let statement = node.cast(GuardStmtSyntax.self)
            let after = events(in: Syntax(statement.conditions), states)
            _ = walk(statement.body.statements, inside(after))
            return after
        case .whileStmt, .forStmt, .repeatStmt:
            guard let loop = Loop(node) else { return states }
            breaks.append([])
            let body = walk(loop.body.statements, inside(states))
            // Whoever gets to the end of the body goes round: what is resumed on every round is resumed twice.
            if body.contains(where: { $0.direct == .sure }), node.as(ForStmtSyntax.self)?.whereClause == nil {
                _ = walk(loop.body.statements, inside(body))
            }
            let left = breaks.removeLast()
            // A loop that serves in its body is taken to run at least once.
            let serves = !body.isEmpty && body.allSatisfy(\.isServed)
            let through: Set<State> = loop.isForever ? [] : (serves ? body : body.union(states))
            return joined(through.union(left), before: states)
        case .labeledStmt: return walk(Syntax(node.cast(LabeledStmtSyntax.self).statement), states)
        case .returnStmt, .throwStmt:
            let after = events(in: node, states)
            if !returns.isEmpty {
                returns[returns.count - 1].formUnion(after)
            } else if node.is(ThrowStmtSyntax.self), !catchers.isEmpty {
                catchers[catchers.count - 1].formUnion(after)
            } else if after.contains(where: { !$0.isServed }) {
                missing.append(node)
            }
            return []
        case .breakStmt, .continueStmt:
            if !breaks.isEmpty { breaks[breaks.count - 1].formUnion(states) }
            return []
        case .deferStmt: return events(in: Syntax(node.cast(DeferStmtSyntax.self).body), states)
        case .ifConfigDecl:
            var out: Set<State> = []
            for clause in node.cast(IfConfigDeclSyntax.self).clauses {
                if case .statements(let items) = clause.elements { out.formUnion(walk(items, states)) }
            }
            return out.isEmpty ? states : out
        case .functionDecl, .structDecl, .classDecl, .enumDecl: return states
        default:
            if let expression = node.as(ExprSyntax.self), let call = Call(expression.core), call.isBare,
                file.apis.neverReturning.contains(call.name)
            {
                return []
            }
            return events(in: node, states)
        }
    }

    private mutating func walk(_ node: IfExprSyntax, _ states: Set<State>) -> Set<State> {
        let begun = events(in: Syntax(node.conditions), states)
        var out = walk(node.body.statements, inside(begun))
        switch node.elseBody {
        case .codeBlock(let block): out.formUnion(walk(block.statements, inside(begun)))
        case .ifExpr(let next): out.formUnion(walk(next, inside(begun)))
        case nil: out.formUnion(begun)
        }
        return joined(out, before: begun)
    }

    private mutating func walk(_ node: DoStmtSyntax, _ states: Set<State>) -> Set<State> {
        // A throwing statement leaves with what was true before it.
        var thrown: Set<State> = []
        var current = states
        if !node.catchClauses.isEmpty { catchers.append([]) }
        for item in node.body.statements {
            if current.isEmpty { break }
            if item.hasOwnLevel({
                $0.as(TryExprSyntax.self)?.questionOrExclamationMark == nil && $0.is(TryExprSyntax.self)
                    || $0.is(ThrowStmtSyntax.self)
            }) {
                thrown.formUnion(current)
            }
            current = walk(Syntax(item.item), current)
        }
        var out = current
        if !node.catchClauses.isEmpty { thrown.formUnion(catchers.removeLast()) }
        for clause in node.catchClauses {
            out.formUnion(walk(clause.body.statements, inside(thrown.isEmpty ? states : thrown)))
        }
        return out
    }

    /// What an expression does, in order of its calls.
    private mutating func events(in node: Syntax, _ states: Set<State>) -> Set<State> {
        var result = states
        var walk = self
        node.traverse { part in
            if let closure = part.as(ClosureExprSyntax.self) {
                guard Self.contains(closure, walk.isResume) else { return .skip }
                if let (call, _) = closure.owningCall, walk.file.apis.runsClosureInPlace(call) {
                    walk.returns.append([])
                    result = walk.walk(closure.statements, result)
                    result.formUnion(walk.returns.removeLast())
                } else {
                    result = Set(result.map { State(isServed: true, direct: $0.direct) })
                }
                return .skip
            }
            if walk.isResume(part) {
                if result.contains(where: { $0.direct == .sure || $0.direct == .some }) { walk.doubles.append(part) }
                result = [State(isServed: true, direct: .sure)]
            }
            return .into
        }
        self = walk
        return result
    }

    private static func contains(_ node: some SyntaxProtocol, _ condition: (Syntax) -> Bool) -> Bool {
        !node.traverse { condition($0) ? .stop : .into }
    }

    private func inside(_ states: Set<State>) -> Set<State> {
        Set(states.map { State(isServed: $0.isServed, direct: $0.direct == .some ? .outside : $0.direct) })
    }

    /// Back from branches: what only some of them did is no longer sure.
    private func joined(_ states: Set<State>, before: Set<State>) -> Set<State> {
        let all = states.allSatisfy { $0.direct == .sure }
        return Set(
            states.map { state in
                switch state.direct {
                case .none: state
                case .sure: State(isServed: state.isServed, direct: all ? .sure : .some)
                case .some, .outside: State(isServed: state.isServed, direct: .some)
                }
            })
    }
}
#endif
