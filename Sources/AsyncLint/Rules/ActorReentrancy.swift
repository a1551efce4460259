#if Lint
import SwiftSyntax

struct ActorReentrancy: CodeRule {
    static let words = ["await", "async"]
    static let page = RulePage(
        id: "actor-reentrancy-check-then-act",
        summary: "An actor checks its state, awaits, and acts on what it saw before.",
        severity: .warning,
        why: """
            While a method of an actor awaits, other calls of the same actor run. A cache that looks, loads and stores loads the same \
            thing as often as it is asked meanwhile; a balance that is checked before `await` may be gone after it.
            """,
        instead: "Store the task before awaiting it, or look again behind `await`.",
        limits: """
            Statement by statement within one method: a stored variable is read in a condition, something is awaited, and the same \
            variable is written without being read again.
            """,
        reported: [
            .init(
                "in one branch",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if d[k] == nil { ↓d[k] = await load(k) }
                        return d[k]!
                    }
                }
                """),
            .init(
                "a cache",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        ↓d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "a balance",
                """
                actor Account {
                    var balance = 0
                    func draw(_ n: Int) async {
                        guard balance >= n else { return }
                        await confirm()
                        ↓balance -= n
                    }
                }
                """),
            .init(
                "a flag",
                """
                actor A {
                    var started = false
                    func start() async {
                        if started { return }
                        await open()
                        ↓started = true
                    }
                }
                """),
            .init(
                "through self",
                """
                actor A {
                    var started = false
                    func start() async {
                        guard !self.started else { return }
                        await open()
                        ↓self.started = true
                    }
                }
                """),
            .init(
                "an optional",
                """
                actor A {
                    var c: Conn?
                    func get() async -> Conn {
                        if let c { return c }
                        let n = await connect()
                        ↓c = n
                        return n
                    }
                }
                """),
            .init(
                "in an extension",
                """
                actor A { var c: Conn? }
                extension A {
                    func get() async {
                        guard c == nil else { return }
                        ↓c = await connect()
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a table of tasks",
                """
                actor Cache {
                    var d: [Int: Task<Int, Never>] = [:]
                    func get(_ k: Int) async -> Int {
                        if let t = d[k] { return await t.value }
                        let t = Task { await load(k) }
                        d[k] = t
                        return await t.value
                    }
                }
                """),
            .init(
                "sets before it awaits",
                """
                actor A {
                    var started = false
                    func start() async {
                        if started { return }
                        started = true
                        await open()
                    }
                }
                """),
            .init(
                "looks again",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        if let w = d[k] { return w }
                        d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "no actor",
                """
                final class Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "another variable",
                """
                actor A {
                    var a = 0, b = 0
                    func f() async {
                        guard a == 0 else { return }
                        await work()
                        b = 1
                    }
                }
                """),
            .init(
                "a local",
                """
                actor A {
                    func f() async {
                        var n = 0
                        if n == 0 { log(n) }
                        await work()
                        n = 1
                        log(n)
                    }
                }
                """),
            .init(
                "a constant",
                """
                actor A {
                    let limit = 3
                    func f(_ n: Int) async {
                        guard n < limit else { return }
                        await work()
                    }
                }
                """),
        ])

    func check(_ code: Code, in file: FileContext) {
        guard code.kind == .function, code.saysAsync, let statements = code.statements,
            let type = file.enclosingTypeName(of: code.node), let info = file.symbols.types[type],
            info.kind == .actorType
        else { return }
        let items = Array(statements)
        for variable in info.variables.sorted() {
            // Read in a condition, not yet awaited; awaited since; written.
            var read: Syntax?
            var awaited = false
            for item in items {
                let node = Syntax(item.item)
                if let conditions = Self.conditions(of: node), reads(variable, Syntax(conditions)) {
                    read = Syntax(conditions)
                    awaited = false
                    guard node.hasOwnLevel({ $0.isSuspension }), !node.is(GuardStmtSyntax.self) else { continue }
                    // The branch awaits: it may act on what its own condition saw; what comes after it is another matter.
                    if let write = Self.actsAfterAwait(variable, in: node, file) {
                        report(write, variable, Syntax(conditions), file)
                    }
                    read = nil
                    continue
                }
                let write = read == nil ? nil : Self.write(variable, in: node, file)
                let suspends = node.hasOwnLevel { $0.isSuspension }
                if let write, let site = read, awaited || suspends {
                    report(write, variable, site, file)
                    break
                }
                if write != nil { read = nil }
                if suspends { awaited = true }
            }
        }
    }

    private func report(_ write: Syntax, _ variable: String, _ site: Syntax, _ file: FileContext) {
        file.report(
            Self.self, at: write,
            "'\(variable)' may have changed since it was checked: other calls ran during 'await'; "
                + "look again, or store before awaiting",
            notes: [(site, "checked here")])
    }

    /// A write in the branch of an `if` that an `await` of the branch precedes or feeds.
    private static func actsAfterAwait(_ variable: String, in node: Syntax, _ file: FileContext) -> Syntax? {
        guard let branch = node.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self) else { return nil }
        var awaited = false
        for item in branch.body.statements {
            let statement = Syntax(item.item)
            if let write = write(variable, in: statement, file) {
                if awaited || statement.hasOwnLevel({ $0.isSuspension }) { return write }
                return nil
            }
            if conditions(of: statement) != nil { return nil }
            if statement.hasOwnLevel({ $0.isSuspension }) { awaited = true }
        }
        return nil
    }

    private static func conditions(of node: Syntax) -> ConditionElementListSyntax? {
        if let statement = node.as(GuardStmtSyntax.self) { return statement.conditions }
        return node.as(ExpressionStmtSyntax.self)?.expression.as(IfExprSyntax.self)?.conditions
    }

    private func reads(_ variable: String, _ conditions: Syntax) -> Bool {
        var found = false
        for token in conditions.tokens(viewMode: .sourceAccurate) where token.plainText == variable {
            if token.parent?.as(DeclReferenceExprSyntax.self) != nil
                || token.parent?.is(IdentifierPatternSyntax.self) == true
            {
                found = true
            }
        }
        return found
    }

    /// An assignment of the variable or of an element of it.
    private static func write(_ variable: String, in node: Syntax, _ file: FileContext) -> Syntax? {
        guard let sequence = node.as(SequenceExprSyntax.self) else { return nil }
        let parts = Array(sequence.elements)
        guard parts.count >= 3 else { return nil }
        let isAssignment =
            parts[1].is(AssignmentExprSyntax.self)
            || (parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text.hasSuffix("=") ?? false)
        guard isAssignment, parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text != "==" else { return nil }
        var target = parts[0].core
        if let subscripted = target.as(SubscriptCallExprSyntax.self) { target = subscripted.calledExpression.core }
        if let access = target.as(MemberAccessExprSyntax.self),
            access.base?.as(DeclReferenceExprSyntax.self)?.baseName.text == "self"
        {
            return access.declName.baseName.plainText == variable ? Syntax(sequence) : nil
        }
        guard target.identifier == variable else { return nil }
        return file.types.localDeclaration(of: variable, at: node) == nil ? Syntax(sequence) : nil
    }
}
#endif
