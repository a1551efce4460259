#if Lint
import SwiftSyntax

struct SyncOverAsyncBridge: CodeRule {
    static let words = ["Task"]
    static let anyWords = [".wait", "sleep", "RunLoop", "sched_yield", "?.wait"]
    static let page = RulePage(
        id: "sync-over-async-bridge",
        summary: "A function starts a task and blocks its thread until the task signals.",
        severity: .error,
        needsAsync: false,
        why: """
            The task needs a thread of the same small pool the caller may be sitting on. On two cores two such bridges at once stop \
            the process for good. The wait also cuts the task off from the caller's cancellation and priority, and when the task \
            throws before it signals, nobody ever wakes up.
            """,
        instead: """
            Make the caller asynchronous. Where that is impossible, `runBlocking { … }` of Concerto on its pool, and never on the \
            main thread.
            """,
        limits: "The semaphore or group must be waited for in the function that starts the task.",
        reported: [
            .init(
                "a future made of a task",
                """
                func f(_ loop: any EventLoop) throws -> Int { try ↓loop.makeFutureWithTask { try await load(1) }.wait() }
                """),
            .init(
                "a promise that a task completes",
                """
                func f(_ loop: any EventLoop) throws -> Int {
                    let promise = loop.makePromise(of: Int.self)
                    promise.completeWithTask { try await load(1) }
                    return try ↓promise.futureResult.wait()
                }
                """),
            .init(
                "spins until the task is done",
                """
                func f() -> Int {
                    var finished = false
                    Task {
                        await work()
                        finished = true
                    }
                    ↓while !finished { usleep(1_000) }
                    return 1
                }
                """),
            .init(
                "runs a run loop until the task is done",
                """
                func f() {
                    var done = false
                    Task {
                        await work()
                        done = true
                    }
                    ↓while !done { RunLoop.current.run(mode: .default, before: .distantFuture) }
                }
                """),
            .init(
                "a semaphore",
                """
                func bridge() -> Int {
                  let s = DispatchSemaphore(value: 0)
                  Task { await work(); s.signal() }
                  ↓s.wait()
                  return 1
                }
                """),
            .init(
                "a group",
                """
                func bridge() {
                    let g = DispatchGroup()
                    g.enter()
                    Task {
                        await work()
                        g.leave()
                    }
                    ↓g.wait()
                }
                """),
            .init(
                "signals in a `defer`",
                """
                func bridge() {
                    let s = DispatchSemaphore(value: 0)
                    Task {
                        defer { s.signal() }
                        await work()
                    }
                    ↓s.wait()
                }
                """),
            .init(
                "a time limit still blocks",
                """
                func bridge() -> Bool {
                  let done = DispatchSemaphore(value: 0)
                  Task.detached { await work(); done.signal() }
                  return ↓done.wait(timeout: .now() + 1) == .success
                }
                """),
            .init(
                "a property",
                """
                final class Bridge {
                  let sema = DispatchSemaphore(value: 0)
                  func run() { Task { await work(); self.sema.signal() }; ↓sema.wait() }
                }
                """),
            .init(
                "from a queue",
                """
                func bridge() {
                  let s = DispatchSemaphore(value: 0)
                  DispatchQueue.global().async { Task { await work(); s.signal() } }
                  ↓s.wait()
                }
                """),
            .init(
                "in asynchronous code",
                """
                func f() async {
                    let s = DispatchSemaphore(value: 0)
                    Task {
                        await work()
                        s.signal()
                    }
                    ↓s.wait()
                }
                """),
        ],
        clean: [
            .init(
                "a script whose main thread waits",
                """
                let s = DispatchSemaphore(value: 0)
                Task { await work(); s.signal() }
                s.wait()
                """),
            .init(
                "a future that no task completes",
                """
                func f(_ client: HTTPClient) throws -> Int {
                    Task { await work() }
                    return try client.get().wait()
                }
                """),
            .init(
                "waits for a process, beside a task",
                """
                func f(_ p: Process) {
                    Task { await work() }
                    while p.isRunning { usleep(1_000) }
                }
                """),
            .init(
                "an asynchronous semaphore",
                """
                func f(_ s: AsyncSemaphore) async {
                    Task {
                        await work()
                        s.signal()
                    }
                    await s.wait()
                }
                """),
            .init(
                "waits for a callback, not a task",
                """
                func f() {
                    let s = DispatchSemaphore(value: 0)
                    legacy { _, _ in s.signal() }
                    s.wait()
                }
                """),
            .init(
                "never waits",
                """
                func f() {
                    let g = DispatchGroup()
                    g.enter()
                    Task {
                        await work()
                        g.leave()
                    }
                    g.notify(queue: q) {}
                }
                """),
            .init(
                "another semaphore",
                """
                func f(_ a: DispatchSemaphore, _ b: DispatchSemaphore) {
                    Task {
                        await work()
                        a.signal()
                    }
                    b.wait()
                }
                """),
            .init(
                "waits inside another function",
                """
                func f(_ s: DispatchSemaphore) {
                    Task {
                        await work()
                        s.signal()
                    }
                    later { s.wait() }
                }
                """),
            .init(
                "awaits the task",
                """
                func f() async {
                    let t = Task { await work() }
                    await t.value
                }
                """),
            .init(
                "another type's wait",
                """
                func f(_ s: Latch2) {
                    Task {
                        await work()
                        s.open()
                    }
                    s.wait()
                }
                """),
        ])

    private static let signals: Set<String> = [
        "signal", "leave", "broadcast", "unlock", "succeed", "fail", "completeWith",
    ]

    func check(_ code: Code, in file: FileContext) {
        // The main thread of a script is none of the pool's: its task ends, and nothing else waits for it.
        guard code.kind != .topLevel, let statements = code.statements else { return }
        checkSpins(statements, in: file)
        var waits: [(Call, String)] = []
        statements.traverseOwnLevel { node in
            guard let found = node.as(FunctionCallExprSyntax.self), let call = Call(found),
                call.name == "wait" || call.name == "waitForever", !file.isAwaited(found)
            else { return .into }
            if let future = Self.futureOfTask(call.base) {
                report(call, "the task behind the future", future, skips: false, in: file)
            } else if let name = Self.receiver(call.base) {
                waits.append((call, name))
            }
            return .into
        }
        guard !waits.isEmpty else { return }
        for (wait, name) in waits {
            guard let base = wait.base, let type = file.types.typeName(of: base) ?? Self.guessed(name),
                ["DispatchSemaphore", "DispatchGroup", "NSCondition", "EventLoopFuture"].contains(type)
            else { continue }
            if let task = task(signalling: name, in: statements, file) {
                report(
                    wait, "the task that signals", Syntax(task.call.node), skips: skipsSignal(task, name), in: file)
            } else if let completion = completion(of: name, in: statements) {
                report(wait, "the task that completes it", completion, skips: false, in: file)
            }
        }
    }

    private func report(_ wait: Call, _ note: String, _ task: Syntax, skips: Bool, in file: FileContext) {
        file.report(
            Self.self, at: wait.node,
            "this thread waits for a task that needs a thread of the same pool; await the task instead"
                + (skips ? ", and note that the task can throw before it signals: then this waits forever" : ""),
            notes: [(task, note)])
    }

    /// `loop.makeFutureWithTask { … }` in front of `.wait()`.
    private static func futureOfTask(_ base: ExprSyntax?) -> Syntax? {
        var next = base?.core
        while let expression = next {
            guard let call = Call(expression) else { return nil }
            if call.name == "makeFutureWithTask" { return Syntax(call.nameToken) }
            next = call.base?.core
        }
        return nil
    }

    /// `promise.completeWithTask { … }` in the same function.
    private func completion(of name: String, in statements: CodeBlockItemListSyntax) -> Syntax? {
        var found: Syntax?
        statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }),
                call.name == "completeWithTask", Self.receiver(call.base) == name
            else { return .into }
            found = Syntax(call.nameToken)
            return .stop
        }
        return found
    }

    /// `while !done { usleep(1_000) }` beside a task that sets `done`.
    private func checkSpins(_ statements: CodeBlockItemListSyntax, in file: FileContext) {
        statements.traverseOwnLevel { node in
            guard let loop = Loop(node), !loop.node.hasOwnLevel({ $0.isSuspension }), Self.parks(loop) else {
                return .into
            }
            var names: Set<String> = []
            loop.head.traverse { part in
                if let name = part.as(DeclReferenceExprSyntax.self)?.baseName.plainText { names.insert(name) }
                return .into
            }
            guard let task = task(setting: names, in: statements, file) else { return .into }
            file.report(
                Self.self, at: loop.keyword,
                "this thread spins until a task is done that needs a thread of the same pool; await the task instead",
                notes: [(Syntax(task.call.node), "the task that ends the loop")])
            return .skip
        }
    }

    /// Whether a loop does nothing but wait: it sleeps, runs a run loop, or is empty.
    private static func parks(_ loop: Loop) -> Bool {
        loop.body.statements.allSatisfy { item in
            if item.isDiscard { return true }
            var expression = item.item.as(ExprSyntax.self)
            if let sequence = expression?.as(SequenceExprSyntax.self),
                sequence.elements.first?.is(DiscardAssignmentExprSyntax.self) == true
            {
                expression = sequence.elements.last
            }
            guard let call = (expression?.core).flatMap({ Call($0) }) else { return false }
            if call.name == "run" { return call.base?.trimmedDescription.contains("RunLoop") ?? false }
            return ["sleep", "usleep", "nanosleep", "sched_yield", "pthread_yield_np", "CFRunLoopRunInMode"]
                .contains(call.name)
        }
    }

    private func task(setting names: Set<String>, in statements: CodeBlockItemListSyntax, _ file: FileContext)
        -> TaskSpawn?
    {
        var found: TaskSpawn?
        statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }),
                let spawn = file.knownSpawn(call),
                let body = spawn.body
            else { return .into }
            body.statements.traverse { inner in
                let target: ExprSyntax?
                if let sequence = inner.as(SequenceExprSyntax.self),
                    sequence.elements.dropFirst().first?.is(AssignmentExprSyntax.self) == true
                {
                    target = sequence.elements.first
                } else if let store = inner.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), store.name == "store"
                {
                    target = store.base
                } else {
                    return .into
                }
                if let name = Self.receiver(target), names.contains(name) { found = spawn }
                return found == nil ? .into : .stop
            }
            return found == nil ? .skip : .stop
        }
        return found
    }

    /// `s` of `s`, `self.s` and `s?`.
    private static func receiver(_ base: ExprSyntax?) -> String? {
        guard let core = base?.core else { return nil }
        // A promise goes by its own name.
        if let access = core.as(MemberAccessExprSyntax.self), access.declName.baseName.text == "futureResult" {
            return receiver(access.base)
        }
        if let access = core.as(MemberAccessExprSyntax.self) { return access.declName.baseName.plainText }
        return core.identifier
    }

    /// A name that says what it is, where the declaration is out of sight.
    private static func guessed(_ name: String) -> String? {
        let lower = name.lowercased()
        return lower.hasSuffix("semaphore") || lower == "sema" ? "DispatchSemaphore" : nil
    }

    private func task(signalling name: String, in statements: CodeBlockItemListSyntax, _ file: FileContext)
        -> TaskSpawn?
    {
        var found: TaskSpawn?
        statements.traverse { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }),
                let spawn = file.knownSpawn(call),
                let body = spawn.body
            else { return .into }
            body.statements.traverse { inner in
                guard let signal = inner.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }) else { return .into }
                if Self.signals.contains(signal.name), Self.receiver(signal.base) == name { found = spawn }
                return found == nil ? .into : .stop
            }
            return found == nil ? .into : .stop
        }
        return found
    }

    /// Whether an error can leave the task before it signals.
    private func skipsSignal(_ spawn: TaskSpawn, _ name: String) -> Bool {
        guard let body = spawn.body else { return false }
        let inDefer = body.statements.contains { $0.item.is(DeferStmtSyntax.self) && $0.item.mentions(Self.signals) }
        return !inDefer && !ErrorFlow.escapes(from: body.statements).isEmpty
    }
}
#endif
