#if Lint
import SwiftSyntax

/// Walks the paths of one piece of code with a state of the caller's, and says with which states it is left.
///
/// Closures are somebody else's code and are skipped. A loop's body is walked once; it may also run not at all.
struct PathWalk<State: Hashable> {
    private let file: FileContext
    /// What a node of straight code does to a state; nodes come in source order, outer before inner.
    private let step: (Syntax, inout State) -> Void
    /// `return`, `throw`, and every `try` and `throw` that no `do` of the same code catches.
    private(set) var exits: [(node: Syntax, state: State)] = []
    /// The states at the end.
    private(set) var ends: Set<State> = []
    private var breaks: [Set<State>] = []
    private var catchers: [Set<State>] = []

    init(
        _ items: CodeBlockItemListSyntax, from start: State, in file: FileContext,
        step: @escaping (Syntax, inout State) -> Void
    ) {
        self.file = file
        self.step = step
        ends = walk(items, [start])
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
            let choice = node.cast(SwitchExprSyntax.self)
            let begun = straight(Syntax(choice.subject), states)
            breaks.append([])
            var out: Set<State> = []
            for case .switchCase(let branch) in choice.cases { out.formUnion(walk(branch.statements, begun)) }
            return out.union(breaks.removeLast())
        case .doStmt: return walk(node.cast(DoStmtSyntax.self), states)
        case .guardStmt:
            let statement = node.cast(GuardStmtSyntax.self)
            let after = straight(Syntax(statement.conditions), states)
            _ = walk(statement.body.statements, after)
            return after
        case .whileStmt, .forStmt, .repeatStmt:
            guard let loop = Loop(node) else { return states }
            let begun = straight(loop.head, states)
            breaks.append([])
            let body = walk(loop.body.statements, begun)
            let left = breaks.removeLast()
            return loop.isForever ? left : body.union(begun).union(left)
        case .labeledStmt: return walk(Syntax(node.cast(LabeledStmtSyntax.self).statement), states)
        case .returnStmt: leave(node, straight(node, states)); return []
        case .throwStmt:
            let after = straight(node, states)
            if catchers.isEmpty { leave(node, after) } else { catchers[catchers.count - 1].formUnion(after) }
            return []
        case .breakStmt, .continueStmt:
            if !breaks.isEmpty { breaks[breaks.count - 1].formUnion(states) }
            return []
        case .deferStmt: return straight(node, states)
        case .ifConfigDecl:
            var out: Set<State> = []
            for clause in node.cast(IfConfigDeclSyntax.self).clauses {
                if case .statements(let items)? = clause.elements { out.formUnion(walk(items, states)) }
            }
            return out.isEmpty ? states : out
        case .functionDecl, .structDecl, .classDecl, .enumDecl, .actorDecl: return states
        default: return file.neverReturns(node) ? [] : straight(node, states)
        }
    }

    private mutating func leave(_ node: Syntax, _ states: Set<State>) {
        for state in states { exits.append((node, state)) }
    }

    private mutating func walk(_ node: IfExprSyntax, _ states: Set<State>) -> Set<State> {
        let begun = straight(Syntax(node.conditions), states)
        let then = walk(node.body.statements, begun)
        switch node.elseBody {
        case .codeBlock(let block): return then.union(walk(block.statements, begun))
        case .ifExpr(let next): return then.union(walk(next, begun))
        case nil: return then.union(begun)
        }
    }

    private mutating func walk(_ node: DoStmtSyntax, _ states: Set<State>) -> Set<State> {
        guard node.catchesEverything else {
            var out = walk(node.body.statements, states)
            for clause in node.catchClauses { out.formUnion(walk(clause.body.statements, states)) }
            return out
        }
        catchers.append([])
        var out = walk(node.body.statements, states)
        let thrown = catchers.removeLast()
        for clause in node.catchClauses { out.formUnion(walk(clause.body.statements, thrown)) }
        return out
    }

    /// Code without branches, in the order of its nodes.
    private mutating func straight(_ node: Syntax, _ states: Set<State>) -> Set<State> {
        var current = states
        var attempts: [Syntax] = []
        var walk = self
        node.traverseOwnLevel { part in
            current = Set(
                current.map { state in
                    var next = state
                    walk.step(part, &next)
                    return next
                })
            if part.as(TryExprSyntax.self).map({ $0.questionOrExclamationMark == nil }) == true {
                attempts.append(part)
            }
            return .into
        }
        // What an expression did before its error came is not known better than what it did in all.
        for attempt in attempts {
            if walk.catchers.isEmpty {
                walk.leave(attempt, current)
            } else {
                walk.catchers[walk.catchers.count - 1].formUnion(current)
            }
        }
        self = walk
        return current
    }
}
#endif
