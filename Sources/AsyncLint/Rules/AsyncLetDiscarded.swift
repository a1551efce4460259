#if Lint
import SwiftSyntax

struct AsyncLetDiscarded: VariableRule {
    static let words = ["async let"]
    static let page = RulePage(
        id: "async-let-discarded",
        summary: "`async let _ = …` starts a child that is cancelled at the end of the scope, and drops its error.",
        severity: .warning,
        quietInTests: true,
        why: """
            Nobody can await a child without a name. When the scope ends Swift cancels it, waits for it, and throws away what it \
            returned or threw. `async let _ = save()` looks like "save in the background" and is "start to save, then cancel".
            """,
        instead: """
            `_ = try await save()` to wait here, a name and an `await` to wait later, or `Task { … }` with its errors handled \
            where the work may outlive the scope.
            """,
        limits: """
            Off in tests, and silent where something behind it in the scope is awaited: an operation that must be in progress meanwhile \
            looks the same.
            """,
        reported: [
            .init(
                "of a type", "func f() async { ↓async let _: Void = work() }"),
            .init("a discarded child", "func f() async { ↓async let _ = save(1) }"),
            .init("with `try`", "func f() async throws { ↓async let _ = try save(1) }"),
            .init("with a type", "func f() async { ↓async let _: Void = work() }"),
            .init("in a closure", "func f() { Task { await other(); ↓async let _ = work() } }"),
            .init(
                "only one of two bindings",
                """
                func f() async { ↓async let _ = save(1), b = load(2)
                    use(1)
                }
                """),
            .init(
                "in a loop",
                """
                func f(_ ids: [Int]) async { for id in ids { ↓async let _ = save(id) } }
                """),
            .init("a tuple of nothing", "func f() async { ↓async let (_, _) = pair() }"),
        ],
        clean: [
            .init(
                "an operation that is in progress while the scope waits for its beginning",
                """
                func f(_ room: Room) async {
                    async let _ = room.release()
                    _ = await room.started.first { _ in true }
                    room.finish()
                }
                """),
            .init(
                "work beside work that is awaited",
                """
                func f() async {
                    async let _ = save(1)
                    await other()
                }
                """),
            .init(
                "a service beside the scope",
                """
                func f(_ client: Client) async throws {
                    async let _ = client.run()
                    try await client.ping()
                }
                """),
            .init(
                "awaited later",
                """
                func f() async throws {
                    async let a = load(1)
                    _ = try await a
                }
                """),
            .init("awaited and thrown away on purpose", "func f() async { _ = await work() }"),
            .init("an ordinary discard", "func f() { let _ = compute() }"),
            .init("part of a tuple is named", "func f() async { async let (a, _) = pair(); _ = await a }"),
            .init("named with an underscore", "func f() async { async let _a = load(1); _ = await _a }"),
            .init("a pattern elsewhere", "func f(_ x: Int?) { if case .some(_) = x {} }"),
        ])

    func check(_ declaration: VariableDeclSyntax, in file: FileContext) {
        guard declaration.isAsyncLet else { return }
        guard let dropped = declaration.bindings.first(where: { Self.bindsNothing($0.pattern) }) else { return }
        // A service that runs beside the scope is meant to be cancelled at its end.
        if let value = dropped.initializer?.value, let call = Call(value.core), call.base != nil,
            ["run", "serve", "listen"].contains(call.name)
        {
            return
        }
        // The work must be in progress while the scope waits for something else.
        if let item = declaration.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self),
            list.drop(while: { $0.id != item.id }).dropFirst().contains(where: { $0.hasOwnLevel { $0.isSuspension } })
        {
            return
        }
        file.report(
            Self.self, at: declaration,
            "nobody can await this child: it is cancelled at the end of the scope, and its error is lost; "
                + "await it, or give it a name",
            fixes: fix(declaration, dropped, in: file))
    }

    private static func bindsNothing(_ pattern: PatternSyntax) -> Bool {
        if pattern.is(WildcardPatternSyntax.self) { return true }
        guard let tuple = pattern.as(TuplePatternSyntax.self) else { return false }
        return tuple.elements.allSatisfy { bindsNothing($0.pattern) }
    }

    /// A suggestion always: awaiting in place ends the overlap, and hangs where the work waits for what comes later in the scope.
    private func fix(_ declaration: VariableDeclSyntax, _ binding: PatternBindingSyntax, in file: FileContext) -> [Fix]
    {
        guard declaration.bindings.count == 1, let value = binding.initializer?.value else { return [] }
        let core = value.core
        let functions = Call(core).map { file.symbols.candidates(for: $0, in: file) } ?? []
        let throwing = value.is(TryExprSyntax.self) || functions.contains { $0.isThrowing }
        return [
            Fix(
                title: "await the work here", safety: .suggestion,
                edits: [
                    file.replace(declaration, by: "_ = \(throwing ? "try " : "")await \(core.trimmedDescription)")
                ])
        ]
    }
}
#endif
