#if Lint
import SwiftSyntax

struct DeferBeforeUnstructuredTask: BlockRule {
    static let words = ["defer", "Task"]
    static let page = RulePage(
        id: "defer-before-unstructured-task",
        summary: "A `defer` that undoes something before the task it is meant for has begun.",
        severity: .warning,
        why: """
            `busy = true; defer { busy = false }; Task { … }` reads as "busy while the task works". The function returns at once, the \
            `defer` runs, and the task works while nobody is busy.
            """,
        instead: "Move both into the task, or make the function asynchronous and await the work.",
        limits:
            """
            Only a `defer` that assigns what was assigned before it in the same block, ends what was begun there (`start` and `stop`), or \
            closes what the task uses, followed by a task that nobody awaits. Locks are left alone.
            """,
        reported: [
            .init(
                "stops what was started",
                """
                func load() { spinner.startAnimating(); ↓defer { spinner.stopAnimating() }; Task { await work() } }
                """),
            .init(
                "closes what the task reads",
                """
                func f(_ h: FileHandle) { ↓defer { try? h.close() }; Task { for try await b in h.bytes { use(b) } } }
                """),
            .init(
                "removes the file the task reads",
                """
                func f(_ u: URL) { ↓defer { try? FileManager.default.removeItem(at: u) }; Task { await upload(u) } }
                """),
            .init(
                "a flag",
                """
                func go() {
                    busy = true
                    ↓defer { busy = false }
                    Task { await work() }
                }
                """),
            .init(
                "a property",
                """
                func go() {
                    self.busy = true
                    ↓defer { self.busy = false }
                    Task { await work() }
                }
                """),
            .init(
                "a kept task",
                """
                func go() {
                    busy = true
                    ↓defer { busy = false }
                    task = Task { await work() }
                }
                """),
            .init(
                "detached",
                """
                func go() {
                    state = .busy
                    ↓defer { state = .idle }
                    Task.detached { await work() }
                }
                """),
            .init(
                "something between",
                """
                func go() {
                    busy = true
                    ↓defer { busy = false }
                    log(1)
                    Task { await work() }
                }
                """),
            .init(
                "a count",
                """
                func go() {
                    running += 1
                    ↓defer { running -= 1 }
                    Task { await work() }
                }
                """),
        ],
        clean: [
            .init(
                "a switch for the whole body, of which the task knows nothing",
                """
                func testShutdown() {
                    Rendering.isEnabled = false
                    defer { Rendering.isEnabled = true }
                    let controller = Controller()
                    controller.refresh = Task { try? await Task.sleep(for: .seconds(30)) }
                    controller.shutdown()
                }
                """),
            .init(
                "a lock", "func f() { l.lock(); defer { l.unlock() }; t = Task { await work() } }"),
            .init(
                "closes what the task does not use",
                """
                func f(_ h: FileHandle) {
                    defer { try? h.close() }
                    let d = h.availableData
                    Task { await use(d) }
                }
                """),
            .init(
                "asynchronous scope",
                """
                func go() async {
                    busy = true
                    defer { busy = false }
                    await work()
                }
                """),
            .init(
                "inside the task",
                """
                func go() {
                    Task {
                        busy = true
                        defer { busy = false }
                        await work()
                    }
                }
                """),
            .init(
                "awaited",
                """
                func go() async {
                    busy = true
                    defer { busy = false }
                    let t = Task { await work() }
                    await t.value
                }
                """),
            .init(
                "another thing",
                """
                func go() {
                    busy = true
                    defer { count += 1 }
                    Task { await work() }
                }
                """),
            .init(
                "a lock for the start alone",
                """
                func go() {
                    lock.lock()
                    defer { lock.unlock() }
                    Task { await work() }
                }
                """),
            .init(
                "no task behind it",
                """
                func go() {
                    busy = true
                    defer { busy = false }
                    render(1)
                }
                """),
            .init(
                "the task does not await",
                """
                func go() {
                    busy = true
                    defer { busy = false }
                    Task { render(1) }
                }
                """),
        ])

    func check(_ block: CodeBlockItemListSyntax, in file: FileContext) {
        let items = Array(block)
        for (index, item) in items.enumerated() {
            guard let deferred = item.item.as(DeferStmtSyntax.self) else { continue }
            checkEnds(deferred, before: items[..<index], rest: items[(index + 1)...], in: file)
            let undone = Set(deferred.body.statements.compactMap { Self.target(of: $0) })
            let done = Set(items[..<index].compactMap { Self.target(of: $0) })
            guard !undone.isDisjoint(with: done) else { continue }
            let rest = items[(index + 1)...]
            guard let spawn = rest.lazy.compactMap({ self.task(in: $0, file) }).first, let body = spawn.body,
                body.statements.hasOwnLevel({ $0.isSuspension }),
                !rest.contains(where: { $0.hasOwnLevel { $0.isSuspension } })
            else { continue }
            let name = undone.intersection(done).sorted()[0]
            // With other work in between, the flag may be meant for that: unless the task asks for it.
            let between = rest.prefix { !spawn.call.node.isInside($0) }.filter { !file.onlyNotes($0) }
            if !between.isEmpty, let last = name.split(separator: ".").last, !body.mentions(String(last)) { continue }
            file.report(
                Self.self, at: deferred,
                "'\(name)' is set back before this task has begun its work; move both into the task",
                notes: [(Syntax(spawn.call.node), "the task")])
        }
    }

    /// `spinner.stop()` behind `spinner.start()`, and `handle.close()` of what the task uses.
    private func checkEnds(
        _ deferred: DeferStmtSyntax, before: ArraySlice<CodeBlockItemSyntax>, rest: ArraySlice<CodeBlockItemSyntax>,
        in file: FileContext
    ) {
        guard
            let (spawn, body) = rest.lazy.compactMap({ item in
                self.task(in: item, file).flatMap { t in t.body.map { (t, $0) } }
            }).first,
            body.statements.hasOwnLevel({ $0.isSuspension }),
            !rest.contains(where: { $0.hasOwnLevel { $0.isSuspension } })
        else { return }
        for item in deferred.body.statements {
            guard let end = item.item.as(ExprSyntax.self).flatMap({ Call($0.core) }) else { continue }
            let name = end.name.lowercased()
            let thing: String?
            if let base = end.base?.trimmedDescription,
                Self.pairs.contains(where: { words in
                    name.hasPrefix(words.end) && before.contains { Self.calls($0, base, words.begin) }
                })
            {
                thing = base
            } else if Self.closing.contains(where: { name.hasPrefix($0) }), let used = Self.closed(by: end),
                body.statements.mentions(used)
            {
                thing = used
            } else {
                thing = nil
            }
            guard let thing else { continue }
            file.report(
                Self.self, at: deferred,
                "'\(end.name)' ends '\(thing)' before this task has begun its work; move it into the task",
                notes: [(Syntax(spawn.call.node), "the task")])
            return
        }
    }

    private static let pairs: [(begin: String, end: String)] = [
        ("start", "stop"), ("start", "end"), ("begin", "end"), ("show", "hide"), ("enter", "leave"),
        ("enable", "disable"),
        ("open", "close"), ("present", "dismiss"),
    ]
    private static let closing = [
        "close", "shutdown", "syncshutdown", "finish", "removeitem", "invalidate", "terminate",
    ]

    private static func calls(_ item: CodeBlockItemSyntax, _ base: String, _ word: String) -> Bool {
        guard let call = item.item.as(ExprSyntax.self).flatMap({ Call($0.core) }) else { return false }
        return call.base?.trimmedDescription == base && call.name.lowercased().hasPrefix(word)
    }

    /// `handle` of `handle.close()`, `url` of `removeItem(at: url)`.
    private static func closed(by call: Call) -> String? {
        if call.name.lowercased() == "removeitem" { return call.node.arguments.first?.expression.identifier }
        return call.base?.core.identifier
    }

    /// The name a statement assigns: `x` of `x = …`, `self.x = …` and `x += …`.
    private static func target(of item: CodeBlockItemSyntax) -> String? {
        guard let sequence = item.item.as(SequenceExprSyntax.self) else { return nil }
        let parts = Array(sequence.elements)
        guard parts.count >= 3 else { return nil }
        let assigns =
            parts[1].is(AssignmentExprSyntax.self)
            || ["+=", "-="].contains(parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text ?? "")
        guard assigns, !parts[0].is(DiscardAssignmentExprSyntax.self) else { return nil }
        let text = parts[0].trimmedDescription
        return text.hasPrefix("self.") ? String(text.dropFirst(5)) : text
    }

    private func task(in item: CodeBlockItemSyntax, _ file: FileContext) -> TaskSpawn? {
        if let expression = item.item.as(ExprSyntax.self), let call = Call(expression) { return file.spawn(call) }
        if let sequence = item.item.as(SequenceExprSyntax.self), let last = sequence.elements.last,
            let call = Call(last)
        {
            return file.spawn(call)
        }
        if let variable = item.item.as(VariableDeclSyntax.self),
            let value = variable.bindings.first?.initializer?.value,
            let call = Call(value)
        {
            return file.spawn(call)
        }
        return nil
    }
}
#endif
