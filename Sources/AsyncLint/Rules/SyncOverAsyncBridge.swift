#if Lint
import SwiftSyntax

struct SyncOverAsyncBridge: CodeRule {
    static let words = ["Task", "wait"]
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

    private static let signals: Set<String> = ["signal", "leave", "broadcast", "unlock"]

    func check(_ code: Code, in file: FileContext) {
        guard let statements = code.statements else { return }
        var waits: [(Call, String)] = []
        statements.traverseOwnLevel { node in
            guard let found = node.as(FunctionCallExprSyntax.self), let call = Call(found),
                call.name == "wait" || call.name == "waitForever", let name = Self.receiver(call.base),
                !file.isAwaited(found)
            else { return .into }
            waits.append((call, name))
            return .into
        }
        guard !waits.isEmpty else { return }
        for (wait, name) in waits {
            guard let base = wait.base, let type = file.types.typeName(of: base) ?? Self.guessed(name),
                ["DispatchSemaphore", "DispatchGroup", "NSCondition"].contains(type)
            else { continue }
            guard let task = task(signalling: name, in: statements, file) else { continue }
            let skips = skipsSignal(task, name)
            file.report(
                Self.self, at: wait.node,
                "this thread waits for a task that needs a thread of the same pool; await the task instead"
                    + (skips ? ", and note that the task can throw before it signals: then this waits forever" : ""),
                notes: [(Syntax(task.call.node), "the task that signals")])
        }
    }

    /// `s` of `s`, `self.s` and `s?`.
    private static func receiver(_ base: ExprSyntax?) -> String? {
        guard let core = base?.core else { return nil }
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
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), let spawn = file.spawn(call),
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
