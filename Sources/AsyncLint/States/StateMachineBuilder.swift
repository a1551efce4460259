#if Lint
import SwiftSyntax

/// Cuts one function into states.
struct StateMachineBuilder {
    let code: Code
    let file: FileContext
    private var states: [StateMachine.State] = [StateMachine.State(number: 0)]
    /// The state being filled; nil where nothing can arrive.
    private var current: Int? = 0
    private var deferred: [StateMachine.State.Line] = []
    private var loops: [(label: String?, continues: Int, breaks: [Int])] = []
    /// States from which an error goes to the innermost catch.
    private var catches: [[Int]] = []

    init(code: Code, file: FileContext) {
        self.code = code
        self.file = file
    }

    mutating func build(_ statements: CodeBlockItemListSyntax, name: String, signature: String) -> StateMachine {
        walk(statements)
        if let current { link(current, nil, "returns") }
        let position = file.source.position(code.node.positionAfterSkippingLeadingTrivia.utf8Offset)
        return StateMachine(
            name: name, signature: signature, path: file.path, line: position.line, isolation: isolationText,
            states: reachable(),
            deferred: deferred)
    }

    // MARK: Statements

    private mutating func walk(_ items: CodeBlockItemListSyntax) {
        for item in items {
            guard current != nil else { return }
            walk(Syntax(item.item))
        }
    }

    private mutating func walk(_ node: Syntax) {
        switch node.kind {
        case .deferStmt: deferred.append(line(node))
        case .returnStmt:
            straight(node)
            end("returns")
        case .throwStmt:
            straight(node)
            raise()
            current = nil
        case .breakStmt: jump(node.cast(BreakStmtSyntax.self).label?.plainText, isBreak: true)
        case .continueStmt: jump(node.cast(ContinueStmtSyntax.self).label?.plainText, isBreak: false)
        case .expressionStmt: walk(Syntax(node.cast(ExpressionStmtSyntax.self).expression))
        case .labeledStmt: walk(Syntax(node.cast(LabeledStmtSyntax.self).statement))
        default:
            if !needsCut(node) { return straight(node) }
            switch node.kind {
            case .ifExpr: walk(node.cast(IfExprSyntax.self))
            case .guardStmt: walk(node.cast(GuardStmtSyntax.self))
            case .switchExpr: walk(node.cast(SwitchExprSyntax.self))
            case .doStmt: walk(node.cast(DoStmtSyntax.self))
            case .whileStmt, .forStmt, .repeatStmt: walk(Loop(node)!)
            case .functionDecl, .classDecl, .structDecl, .enumDecl, .actorDecl: return
            default: straight(node)
            }
        }
    }

    /// Whether a statement has to be taken apart: it suspends, or it leaves the function or a loop from within.
    private func needsCut(_ node: Syntax) -> Bool {
        node.hasOwnLevel { $0.isSuspension } || (!loops.isEmpty && jumpsOut(of: node))
    }

    /// Whether a `break` or `continue` below a node goes to a loop around it.
    private func jumpsOut(of node: Syntax) -> Bool {
        guard !node.is(BreakStmtSyntax.self), !node.is(ContinueStmtSyntax.self) else { return true }
        return node.hasOwnLevel { part in
            let label =
                part.as(BreakStmtSyntax.self).map { $0.label } ?? part.as(ContinueStmtSyntax.self).map { $0.label }
            guard let label else { return false }
            if let name = label?.plainText { return loops.contains { $0.label == name } }
            var next = part.parent
            while let here = next, here.id != node.id {
                if Loop(here) != nil || (part.is(BreakStmtSyntax.self) && here.is(SwitchExprSyntax.self)) {
                    return false
                }
                next = here.parent
            }
            return !(Loop(node) != nil || (part.is(BreakStmtSyntax.self) && node.is(SwitchExprSyntax.self)))
        }
    }

    private mutating func walk(_ node: IfExprSyntax) {
        let heads = conditions(node.conditions, "if")
        enter(from: [heads[heads.count - 1]], "if \(short(node.conditions))")
        walk(node.body.statements)
        var ends = [current]
        switch node.elseBody {
        case .codeBlock(let block):
            enter(from: heads, "else")
            walk(block.statements)
            ends.append(current)
        case .ifExpr(let next):
            enter(from: heads, "else")
            walk(next)
            ends.append(current)
        case nil: ends += heads.map { Optional($0) }
        }
        join(ends, "")
    }

    private mutating func walk(_ node: GuardStmtSyntax) {
        let heads = conditions(node.conditions, "guard")
        enter(from: heads, "else")
        walk(node.body.statements)
        enter(from: [heads[heads.count - 1]], "guard \(short(node.conditions))")
    }

    private mutating func walk(_ node: SwitchExprSyntax) {
        let head = branchHead(Syntax(node.subject), "switch \(short(node.subject))", at: Syntax(node))
        loops.append((label: nil, continues: loops.last?.continues ?? -1, breaks: []))
        var ends: [Int?] = []
        for case .switchCase(let branch) in node.cases {
            enter(from: [head], short(branch.label))
            walk(branch.statements)
            ends.append(current)
        }
        let breaks = loops.removeLast().breaks
        join(ends + breaks.map { Optional($0) }, "")
    }

    private mutating func walk(_ node: DoStmtSyntax) {
        if !node.catchClauses.isEmpty { catches.append([]) }
        walk(node.body.statements)
        var ends = [current]
        guard !node.catchClauses.isEmpty else { return }
        let sources = catches.removeLast()
        for clause in node.catchClauses {
            let state = add()
            for source in Set(sources).sorted() {
                link(source, state, "throws to \(short(clause.catchKeyword, clause.catchItems))")
            }
            current = sources.isEmpty ? nil : state
            walk(clause.body.statements)
            ends.append(current)
        }
        if !node.catchesEverything, !sources.isEmpty {
            for source in Set(sources).sorted() { rethrow(from: source) }
        }
        join(ends, "")
    }

    private mutating func walk(_ loop: Loop) {
        guard let before = current else { return }
        let head = add()
        link(before, head, "")
        current = head
        let label: String
        switch loop.kind {
        case .whileLoop(let conditions):
            label = short(conditions)
            straight(Syntax(conditions), text: "while \(label)")
        case .repeatLoop(let condition): label = short(condition)
        case .forIn(let statement):
            label = "next \(short(statement.pattern))"
            straight(
                Syntax(statement.sequence), text: "for \(short(statement.pattern)) in \(short(statement.sequence))")
        case .forAwait(let statement):
            label = "next \(short(statement.pattern))"
            straight(
                Syntax(statement.sequence),
                text: "for await \(short(statement.pattern)) in \(short(statement.sequence))")
            suspend(
                Syntax(statement), text: "next of \(short(statement.sequence))", canThrow: statement.tryKeyword != nil,
                hop: nil)
        }
        guard let test = current else { return }
        loops.append((label: loop.label, continues: head, breaks: []))
        if case .repeatLoop = loop.kind { current = test } else { enter(from: [test], label == "true" ? "" : label) }
        walk(loop.body.statements)
        var exits: [Int?] = []
        if case .repeatLoop(let condition) = loop.kind, current != nil {
            straight(Syntax(condition), text: "while \(label)")
            if let current { link(current, head, "while \(label)") }
            if !loop.isForever { exits.append(current) }
        } else {
            if let current { link(current, head, "again") }
            if !loop.isForever { exits.append(test) }
        }
        exits += loops.removeLast().breaks.map { Optional($0) }
        join(exits, "done")
    }

    // MARK: Straight code

    /// Code that runs from top to bottom, cut at each of its suspensions in the order of evaluation.
    private mutating func straight(_ node: Syntax, text: String? = nil) {
        guard let state = current else { return }
        states[state].lines.append(line(node, text: text))
        for suspension in Self.suspensions(in: node) { suspend(suspension) }
        if current != nil, !ErrorFlow.escapes(from: node).isEmpty, !node.hasOwnLevel({ $0.is(AwaitExprSyntax.self) }) {
            raise()
        }
        // A nested branch without `await` may still leave the function.
        if node.is(IfExprSyntax.self) || node.is(GuardStmtSyntax.self) || node.is(SwitchExprSyntax.self),
            node.hasOwnLevel({ $0.is(ReturnStmtSyntax.self) }), let current
        {
            link(current, nil, "returns")
        }
    }

    /// Awaited expressions, inner ones first.
    private static func suspensions(in node: Syntax) -> [AwaitExprSyntax] {
        var found: [AwaitExprSyntax] = []
        func visit(_ part: Syntax, isRoot: Bool) {
            if !isRoot, part.isOwnCode { return }
            for child in part.children(viewMode: .sourceAccurate) where !child.is(TokenSyntax.self) {
                visit(child, isRoot: false)
            }
            if let awaited = part.as(AwaitExprSyntax.self) { found.append(awaited) }
        }
        visit(node, isRoot: true)
        return found
    }

    private mutating func suspend(_ node: AwaitExprSyntax) {
        let tries = node.parent?.is(TryExprSyntax.self) == true
        let swallows = node.parent?.as(TryExprSyntax.self)?.questionOrExclamationMark != nil
        let before = current
        defer {
            if let before, let current, before != current, Self.maySkip(node) { link(before, current, "skips it") }
        }
        suspend(Syntax(node), text: short(node.expression), canThrow: tries && !swallows, hop: hop(node.expression))
    }

    /// Whether an expression around an await may pass it by: a branch of `? :`, the right side of `||`, `&&` and `??`.
    private static func maySkip(_ node: AwaitExprSyntax) -> Bool {
        var child = Syntax(node)
        while let parent = child.parent,
            parent.is(ExprSyntax.self) || parent.is(ExprListSyntax.self) || parent.is(LabeledExprSyntax.self)
                || parent.is(LabeledExprListSyntax.self), !parent.is(ClosureExprSyntax.self)
        {
            if let list = parent.as(ExprListSyntax.self) {
                for element in list {
                    if element.id == child.id { break }
                    if element.is(UnresolvedTernaryExprSyntax.self)
                        || ["||", "&&", "??"].contains(element.as(BinaryOperatorExprSyntax.self)?.operator.text)
                    {
                        return true
                    }
                }
            }
            if parent.is(UnresolvedTernaryExprSyntax.self) { return true }
            child = parent
        }
        return false
    }

    private mutating func suspend(_ node: Syntax, text: String, canThrow: Bool, hop: String?) {
        guard let state = current else { return }
        states[state].suspension = StateMachine.Suspension(
            line: position(node), text: text, hop: hop, live: LiveValues.across(node, in: code, file),
            canThrow: canThrow)
        let next = add()
        link(state, next, "resumes")
        if canThrow { raise() }
        current = next
    }

    // MARK: The graph

    private mutating func add() -> Int {
        states.append(StateMachine.State(number: states.count))
        return states.count - 1
    }

    private mutating func link(_ source: Int, _ target: Int?, _ label: String) {
        let transition = StateMachine.Transition(target: target, label: label)
        if !states[source].transitions.contains(transition) { states[source].transitions.append(transition) }
    }

    /// An error leaves the current state: to the innermost catch, or out.
    private mutating func raise() {
        guard let current else { return }
        if catches.isEmpty { link(current, nil, "throws") } else { catches[catches.count - 1].append(current) }
    }

    private mutating func rethrow(from state: Int) {
        if catches.isEmpty { link(state, nil, "throws") } else { catches[catches.count - 1].append(state) }
    }

    private mutating func end(_ label: String) {
        if let current { link(current, nil, label) }
        current = nil
    }

    private mutating func jump(_ label: String?, isBreak: Bool) {
        guard let state = current else { return }
        let index = label == nil ? loops.indices.last : loops.lastIndex { $0.label == label }
        if let index {
            if isBreak {
                loops[index].breaks.append(state)
            } else if loops[index].continues >= 0 {
                link(state, loops[index].continues, "continue")
            }
        }
        current = nil
    }

    private mutating func branchHead(_ condition: Syntax, _ text: String, at node: Syntax) -> Int {
        straight(condition, text: text)
        return current ?? add()
    }

    /// The states in which one of the conditions is found out, the last of them all: from any the code may go to `else`.
    private mutating func conditions(_ list: ConditionElementListSyntax, _ keyword: String) -> [Int] {
        var heads: [Int] = []
        var text = keyword
        for element in list {
            straight(Syntax(element.condition), text: text + " " + short(element.condition))
            if let current, heads.last != current { heads.append(current) }
            text = "and"
        }
        return heads.isEmpty ? [current ?? add()] : heads
    }

    private mutating func enter(from heads: [Int], _ label: String) {
        let state = add()
        for head in heads { link(head, state, label) }
        current = state
    }

    private mutating func join(_ ends: [Int?], _ label: String) {
        let open = ends.compactMap { $0 }
        guard !open.isEmpty else {
            current = nil
            return
        }
        let state = add()
        for end in open { link(end, state, label) }
        current = state
    }

    /// Drops states nothing leads to, and empty ones with a single way on.
    private func reachable() -> [StateMachine.State] {
        var states = self.states
        func skip(_ target: Int?) -> Int? {
            var target = target
            var steps = 0
            while let index = target, index != 0, states[index].lines.isEmpty, states[index].suspension == nil,
                states[index].transitions.count == 1, steps < states.count
            {
                let only = states[index].transitions[0]
                guard let next = only.target else { return index }
                target = next
                steps += 1
            }
            return target
        }
        for index in states.indices {
            var seen: [StateMachine.Transition] = []
            for transition in states[index].transitions {
                let moved = StateMachine.Transition(target: skip(transition.target), label: transition.label)
                if !seen.contains(moved) { seen.append(moved) }
            }
            states[index].transitions = seen
        }
        var reached: Set<Int> = []
        var open = [0]
        while let next = open.popLast() {
            guard reached.insert(next).inserted else { continue }
            open += states[next].transitions.compactMap(\.target)
        }
        let order = reached.sorted()
        let number = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
        return order.map { index in
            var state = StateMachine.State(number: number[index]!)
            state.lines = states[index].lines
            state.suspension = states[index].suspension
            state.transitions = states[index].transitions.map {
                StateMachine.Transition(
                    target: $0.target.map { number[$0]! }, label: $0.label.isEmpty ? "goes on" : $0.label)
            }
            return state
        }
    }
}
#endif
