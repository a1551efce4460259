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
            """
            Only a task that is written in the stream's closure, or beside `makeStream`. One that looks at what `yield` returns ends by \
            itself.
            """,
        reported: [
            .init(
                "made beside the task",
                """
                func s() -> AsyncStream<Int> {
                    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
                    ↓Task { while let x = await next() { continuation.yield(x) } }
                    return stream
                }
                """),
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
                "a task that only waits for another",
                """
                func wait(for release: Task<Void, Never>) -> AsyncStream<Void> {
                    AsyncStream { c in
                        Task {
                            await release.value
                            c.yield(())
                            c.finish()
                        }
                    }
                }
                """),
            .init(
                "a comment inside says why",
                """
                func wait(_ feed: Feed) -> AsyncStream<Int> {
                    AsyncStream { c in
                        Task {  // a cancelled reader must not stop the others
                            for await x in feed { c.yield(x) }
                        }
                    }
                }
                """),
            .init(
                "made, with a handler",
                """
                func s() -> AsyncStream<Int> {
                    let (stream, c) = AsyncStream.makeStream(of: Int.self)
                    let task = Task { while let x = await next() { c.yield(x) } }
                    c.onTermination = { _ in task.cancel() }
                    return stream
                }
                """),
            .init(
                "listened to in the same function",
                """
                func f() async {
                    let (stream, c) = AsyncStream.makeStream(of: Int.self)
                    Task { c.yield(await load(1)); c.finish() }
                    for await x in stream { use(x) }
                }
                """),
            .init(
                "given to an owner",
                """
                func s() -> AsyncStream<Int> {
                    AsyncStream { c in
                        let task = Task { while let x = await next() { c.yield(x) } }
                        tasks.append(task)
                    }
                }
                """),
            .init(
                "registers a callback and is done",
                """
                func s() -> AsyncStream<Int> { AsyncStream { c in Task { socket.onMessage { c.yield($0) } } } }
                """),
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
        if call.name == "makeStream", ["AsyncStream", "AsyncThrowingStream"].contains(call.baseName) {
            return checkMade(call, in: file)
        }
        guard call.isBare, ["AsyncStream", "AsyncThrowingStream"].contains(call.name),
            call.argument("unfolding") == nil,
            let builder = call.closures.last?.closure
        else { return }
        var names = Set(builder.parameterNames)
        if builder.parameterNames == ["$0"] { names.formUnion(aliases(of: "$0", in: builder)) }
        check(builder.statements, names, in: file)
    }

    /// `let (stream, continuation) = AsyncStream.makeStream()`, and a task of the same function that feeds it.
    private func checkMade(_ call: Call, in file: FileContext) {
        guard let binding = call.node.parent?.parent?.as(PatternBindingSyntax.self),
            let pattern = binding.pattern.as(TuplePatternSyntax.self), pattern.elements.count == 2,
            let stream = pattern.elements.first?.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText,
            let name = pattern.elements.last?.pattern.as(IdentifierPatternSyntax.self)?.identifier.plainText,
            let list = binding.ancestor(CodeBlockItemListSyntax.self)
        else { return }
        // Whoever listens in the same function is there until the end.
        let nobodyListens = list.traverse { node in
            node.as(ForStmtSyntax.self)?.sequence.mentions(stream) == true ? .stop : .into
        }
        if nobodyListens { check(list, [name], in: file) }
    }

    private func check(_ statements: CodeBlockItemListSyntax, _ names: Set<String>, in file: FileContext) {
        var escapes = false
        var sets = false
        statements.traverse { node in
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
        statements.traverseOwnLevel { node in
            guard let found = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), let spawn = file.spawn(found),
                let body = spawn.body
            else { return .into }
            report(spawn, body, statements, names, in: file)
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
        _ spawn: TaskSpawn, _ body: ClosureExprSyntax, _ statements: CodeBlockItemListSyntax, _ names: Set<String>,
        in file: FileContext
    ) {
        guard body.mentions(names), yields(body, in: file), !checksYield(body, names) else { return }
        if waitsForAnother(body, names) || file.speaksOfCancellation(spawn.call.node) { return }
        // `Task { … }.store(in: &tasks)`: somebody has it.
        if spawn.call.node.parent?.is(MemberAccessExprSyntax.self) == true { return }
        // Stored outside: whoever keeps it may cancel it.
        if let sequence = spawn.call.node.parent?.parent?.as(SequenceExprSyntax.self), sequence.elements.count > 2,
            !(sequence.elements.first?.is(DiscardAssignmentExprSyntax.self) ?? false)
        {
            return
        }
        // Given to somebody under a name of its own.
        if let name = spawn.call.node.parent?.parent?.as(PatternBindingSyntax.self)?.pattern.trimmedDescription,
            statements.contains(where: { item in
                !file.onlyNotes(item)
                    && item.hasOwnLevel { $0.as(DeclReferenceExprSyntax.self)?.baseName.plainText == name }
            })
        {
            return
        }
        let statement = spawn.call.node.parent?.is(CodeBlockItemSyntax.self) ?? false
        var fixes: [Fix] = []
        if statement, let name = names.first(where: { $0 != "$0" }) {
            let separator =
                (statements.parent.map { file.sameLine($0, spawn.call.node) } ?? false)
                ? "; " : "\n" + file.indentation(of: spawn.call.node)
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

    /// Whether the task itself yields; a callback it registers goes on without it.
    private func yields(_ body: ClosureExprSyntax, in file: FileContext) -> Bool {
        !body.statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), call.name == "yield",
                call.base != nil, call.baseName != "Task"
            else { return .into }
            var code = file.code(of: node)
            while code.node.id != body.id, code.kind == .closure,
                let (owner, _) = code.node.cast(ClosureExprSyntax.self).owningCall,
                file.isAsync(code) || file.isCoveredByAwait(owner.node)
            {
                code = file.code(of: owner.node)
            }
            return code.node.id == body.id ? .stop : .into
        }
    }

    /// Whether the task does no work: it waits for another task, passes on what came, and ends.
    private func waitsForAnother(_ body: ClosureExprSyntax, _ names: Set<String>) -> Bool {
        var waits = 0
        var others = 0
        body.statements.traverseOwnLevel { node in
            if let expression = node.as(AwaitExprSyntax.self)?.expression.core {
                let member = expression.as(MemberAccessExprSyntax.self)?.declName.baseName.text
                if member == "value" || member == "result" { waits += 1 } else { others += 1 }
            } else if node.isSuspension || Loop(node) != nil {
                others += 1
            }
            return .into
        }
        return waits > 0 && others == 0
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
