#if Lint
import SwiftSyntax

struct LockHeldAcrossAwait: CodeRule {
    static let words = ["await"]
    static let anyWords = ["nlock(", "signal(", "release(", "leave(", "objc_sync_exit"]
    static let page = RulePage(
        id: "lock-held-across-await",
        summary: "A lock that is held while the task is suspended.",
        severity: .error,
        why: """
            After `await` the task may go on on another thread: unlocking there is undefined for most locks. Meanwhile every other \
            task that wants the lock blocks its thread, and when those are all threads, nothing can ever resume the holder.
            """,
        instead: """
            Let go before `await`, copy what is needed out with `withLock { … }`, or use an asynchronous lock: `AsyncLock` of Concerto, \
            or an actor.
            """,
        limits: """
            Locks are recognised by their calls, from a table: `lock`/`unlock` on any receiver that is not awaited, and some C functions. \
            A branch that may have unlocked is taken to have done so.
            """,
        reported: [
            .init(
                "a lock that was tried",
                """
                func f(_ l: SpinLock) async {
                    guard l.tryLock() else { return }
                    defer { l.unlock() }
                    ↓await work()
                }
                """),
            .init(
                "a lock that was tried, in the branch",
                """
                func f(_ l: SpinLock) async {
                    if l.try() {
                        ↓await work()
                        l.unlock()
                    }
                }
                """),
            .init(
                "acquired and released",
                """
                func f(_ l: SpinLock) async {
                    l.acquire()
                    defer { l.release() }
                    ↓await work()
                }
                """),
            .init(
                "`defer` unlocks at the end",
                """
                func f(_ m: Lock) async {
                    m.lock()
                    defer { m.unlock() }
                    ↓await work()
                }
                """),
            .init(
                "between lock and unlock",
                """
                func f(_ m: Lock) async {
                    m.lock()
                    ↓await work()
                    m.unlock()
                }
                """),
            .init(
                "a semaphore",
                """
                func f(_ s: DispatchSemaphore) async {
                    s.wait()
                    ↓await work()
                    s.signal()
                }
                """),
            .init(
                "a C lock",
                """
                func f() async {
                    pthread_mutex_lock(&m)
                    ↓await work()
                    pthread_mutex_unlock(&m)
                }
                """),
            .init(
                "in a branch",
                """
                func f(_ m: Lock, _ b: Bool) async {
                    m.lock()
                    if b { ↓await work() }
                    m.unlock()
                }
                """),
            .init(
                "with `try`",
                """
                func f(_ m: Lock) async throws {
                    m.lock()
                    defer { m.unlock() }
                    let v = try ↓await load(1)
                    use(v)
                }
                """),
            .init(
                "a property",
                """
                actor A {
                    func f() async {
                        self.state.lock()
                        ↓await work()
                        self.state.unlock()
                    }
                }
                """),
            .init(
                "a stream",
                """
                func f(_ m: Lock, _ s: AsyncStream<Int>) async {
                    m.lock()
                    ↓for await x in s { use(x) }
                    m.unlock()
                }
                """),
        ],
        clean: [
            .init(
                "somebody else has it",
                """
                func f(_ l: SpinLock) async {
                    guard l.tryLock() else { return await work() }
                    l.unlock()
                }
                """),
            .init(
                "waits for an event that a closure signals",
                """
                func f(_ done: DispatchSemaphore) async {
                    start { done.signal() }
                    done.wait()
                    await work()
                }
                """),
            .init(
                "acquires with `await`",
                """
                func f(_ p: Pool) async {
                    await p.acquire()
                    defer { p.release() }
                    await work()
                }
                """),
            .init(
                "a method unlocks",
                """
                final class S {
                    let lock = Lock()
                    func next() async {
                        lock.lock()
                        start()
                        await suspend()
                    }
                    func start() {
                        lock.unlock()
                        go()
                    }
                }
                """),
            .init(
                "unlocked first",
                """
                func f(_ m: Lock) async {
                    m.lock()
                    render(1)
                    m.unlock()
                    await work()
                }
                """),
            .init(
                "`withLock` cannot await",
                """
                func f(_ l: NSLock) async {
                    l.withLock { render(1) }
                    await work()
                }
                """),
            .init(
                "an asynchronous lock",
                """
                func f(_ m: AsyncLock) async {
                    await m.lock()
                    await work()
                    m.unlock()
                }
                """),
            .init(
                "unlocked on the way out",
                """
                func f(_ m: Lock, _ b: Bool) async {
                    m.lock()
                    if b {
                        m.unlock()
                        return await work()
                    }
                    m.unlock()
                }
                """),
            .init(
                "unlocked by the continuation's closure, which runs at once",
                """
                func f(_ m: Lock) async {
                    m.lock()
                    await withUnsafeContinuation { c in
                        list.append(c)
                        m.unlock()
                    }
                }
                """),
            .init(
                "another lock",
                """
                func f(_ a: Lock, _ b: Lock) async {
                    a.lock()
                    a.unlock()
                    await work()
                    b.lock()
                    b.unlock()
                }
                """),
            .init(
                "a task of its own",
                """
                func f(_ m: Lock) {
                    m.lock()
                    Task { await work() }
                    m.unlock()
                }
                """),
            .init(
                "unlocked in both branches",
                """
                func f(_ m: Lock, _ b: Bool) async {
                    m.lock()
                    if b { m.unlock() } else { m.unlock() }
                    await work()
                }
                """),
            .init("a door", "func f(_ door: Door) async { door.lock(); await work() }"),
            .init(
                "`defer` of an inner scope",
                """
                func f(_ m: Lock) async {
                    do {
                        m.lock()
                        defer { m.unlock() }
                        render(1)
                    }
                    await work()
                }
                """),
        ])

    func check(_ code: Code, in file: FileContext) {
        guard let statements = code.statements else { return }
        var acquires = false
        let names = Set(file.apis.locks.map(\.acquire))
        statements.traverseOwnLevel { node in
            guard let call = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }), names.contains(call.name)
            else { return .into }
            acquires = true
            return .stop
        }
        guard acquires, code.suspends else { return }
        var walk = LockWalk(file: file)
        _ = walk.run(statements, held: [:])
    }
}
#endif
