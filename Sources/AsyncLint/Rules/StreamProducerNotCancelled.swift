#if Lint
import SwiftSyntax

struct StreamProducerNotCancelled: CallRule {
    static let words = ["Stream", "Task"]
    static let page = RulePage(
        id: "stream-producer-not-cancelled",
        summary: "A task that feeds an `AsyncStream` and goes on when nobody listens any more.",
        severity: .warning,
        quietInTests: true,
        needsAsync: false,
        why: """
            When the consumer stops iterating or is cancelled, the stream calls `onTermination`. Without it the producer works on for \
            ever, and what it yields is thrown away.
            """,
        instead: "`let task = Task { … }; continuation.onTermination = { _ in task.cancel() }`.",
        limits:
            "Only a task that is written in the stream's closure. One that looks at what `yield` returns ends by itself.",
        reported: [
            .init(
                "a task in the builder",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in ↓Task {
                            for i in 0..<10 { c.yield(i) }
                            c.finish()
                        }
                    }
                }
                """),
            .init(
                "throwing",
                """
                func s() -> AsyncThrowingStream<Int, any Error> {
                    AsyncThrowingStream { c in ↓Task {
                            do {
                                c.yield(try await load(1))
                                c.finish()
                            } catch { c.finish(throwing: error) }
                        }
                    }
                }
                """),
            .init(
                "with a type and a policy",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream(Int.self, bufferingPolicy: .bufferingNewest(1)) { c in ↓Task { await feed { c.yield($0) } }
                    }
                }
                """),
            .init(
                "detached",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream<Int> { c in ↓Task.detached { while true { c.yield(await next()) } } }
                }
                """),
            .init(
                "without a name",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream {
                        $0.yield(0)
                        let c = $0
                        ↓Task {
                            c.yield(await next())
                            c.finish()
                        }
                    }
                }
                """),
            .init(
                "kept and not cancelled",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        let t = ↓Task { c.yield(await next()) }
                        log(t)
                    }
                }
                """),
        ],
        clean: [
            .init(
                "cancels",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        let t = Task { c.yield(await next()) }
                        c.onTermination = { _ in t.cancel() }
                    }
                }
                """),
            .init("pulls", "func s() -> AsyncStream<Int> { AsyncStream { await next() } }"),
            .init(
                "no task",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        c.yield(1)
                        c.finish()
                    }
                }
                """),
            .init(
                "a callback",
                """
                func s() -> AsyncStream<Int> { AsyncStream { c in listen { c.yield($0) } } }
                """),
            .init(
                "looks at what yield says",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        Task { while true { if case .terminated = c.yield(await next()) { return } } }
                    }
                }
                """),
            .init(
                "kept by the owner",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in self.producer = Task { c.yield(await next()) } }
                }
                """),
            .init(
                "the continuation goes elsewhere",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        watch(c)
                        Task { c.yield(await next()) }
                    }
                }
                """),
            .init(
                "a task that does not feed it",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        Task { await register() }
                        c.finish()
                    }
                }
                """),
        ])

    func check(_ call: Call, in file: FileContext) {
        guard call.base == nil, ["AsyncStream", "AsyncThrowingStream"].contains(call.name),
            call.argument("unfolding") == nil,
            let builder = call.closures.last?.closure
        else { return }
        var names = Set(builder.parameterNames)
        if builder.parameterNames == ["$0"] { names.formUnion(aliases(of: "$0", in: builder)) }
        var escapes = false
        var sets = false
        builder.statements.traverse { node in
            guard let reference = node.as(DeclReferenceExprSyntax.self), names.contains(reference.baseName.text) else {
                return .into
            }
            if let access = reference.parent?.as(MemberAccessExprSyntax.self), access.base?.id == reference.id {
                if access.declName.baseName.text == "onTermination" { sets = true }
            } else if reference.parent?.is(InitializerClauseSyntax.self) != true {
                escapes = true
            }
            return .into
        }
        if escapes || sets { return }
        builder.statements.traverseOwnLevel { node in
            guard let found = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), let spawn = file.spawn(found),
                let body = spawn.body
            else { return .into }
            report(spawn, body, builder, names, in: file)
            return .skip
        }
    }

    private func aliases(of name: String, in closure: ClosureExprSyntax) -> Set<String> {
        var found: Set<String> = []
        for item in closure.statements {
            for binding in item.item.as(VariableDeclSyntax.self)?.bindings ?? []
            where binding.initializer?.value.identifier == name {
                found.insert(binding.pattern.trimmedDescription)
            }
        }
        return found
    }

    private func report(
        _ spawn: TaskSpawn, _ body: ClosureExprSyntax, _ builder: ClosureExprSyntax, _ names: Set<String>,
        in file: FileContext
    ) {
        guard body.mentions(names), body.mentions(["yield", "finish"]), !checksYield(body, names) else { return }
        // Stored outside: whoever keeps it may cancel it.
        if let sequence = spawn.call.node.parent?.parent?.as(SequenceExprSyntax.self), sequence.elements.count > 2,
            !(sequence.elements.first?.is(DiscardAssignmentExprSyntax.self) ?? false)
        {
            return
        }
        let statement = spawn.call.node.parent?.is(CodeBlockItemSyntax.self) ?? false
        var fixes: [Fix] = []
        if statement, let name = names.first(where: { $0 != "$0" }) {
            let separator =
                file.sameLine(builder, spawn.call.node) ? "; " : "\n" + file.indentation(of: spawn.call.node)
            fixes = [
                Fix(
                    title: "cancel the task when nobody listens", safety: .suggestion,
                    edits: [
                        file.insert("let task = ", before: spawn.call.node),
                        file.insert(
                            separator + "\(name).onTermination = { _ in task.cancel() }", after: spawn.call.node),
                    ])
            ]
        }
        file.report(
            Self.self, at: spawn.call.node,
            "this task goes on when nobody listens to the stream any more; cancel it in 'onTermination'", fixes: fixes)
    }

    /// Whether the result of `yield` is used.
    private func checksYield(_ body: ClosureExprSyntax, _ names: Set<String>) -> Bool {
        !body.statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), call.name == "yield",
                let base = call.baseName, names.contains(base)
            else { return .into }
            return node.parent?.is(CodeBlockItemSyntax.self) == true ? .into : .stop
        }
    }
}
#endif
