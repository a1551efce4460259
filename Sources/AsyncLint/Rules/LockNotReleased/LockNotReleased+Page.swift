#if Lint
extension LockNotReleased {
    static let page = RulePage(
        id: "lock-not-released",
        summary: "A way out between `lock()` and `unlock()`: the lock is held for good.",
        severity: .error,
        quietInTests: true,
        needsAsync: false,
        why: """
            An early `return`, or an error that leaves, skips the `unlock()` below it. The next caller waits for ever. \
            The same goes for the permits of a semaphore (`wait` and `signal`, `acquire` and `release`) and for \
            `enter` and `leave` of a group.
            """,
        instead: """
            `defer { lock.unlock() }` right behind `lock()`, or `withLock { … }`.
            """,
        limits: """
            Only where the same code releases the same lock on some path: a function that only locks, or only unlocks, \
            is one half of a pair. Attempts (`try()`, `tryLock()`) are not followed, nor is what closures do.
            """,
        reported: [
            .init(
                "an early return",
                """
                func add(_ x: Int) -> Int {
                    ↓lock.lock()
                    if x == 0 { return n }
                    n += x
                    lock.unlock()
                    return x
                }
                """),
            .init(
                "an error",
                """
                func update(_ f: (Int) throws -> Int) rethrows {
                    ↓lock.lock()
                    n = try f(n)
                    lock.unlock()
                }
                """),
            .init(
                "a guard",
                """
                func take() -> Int? {
                    ↓self.lock.lock()
                    guard let first = items.first else { return nil }
                    self.lock.unlock()
                    return first
                }
                """),
            .init(
                "a permit",
                """
                func load() async throws -> Int {
                    ↓await permits.wait()
                    let v = try await fetch()
                    permits.signal()
                    return v
                }
                """),
            .init(
                "a C lock",
                """
                func f() -> Int {
                    ↓pthread_mutex_lock(&m)
                    if n == 0 { return 0 }
                    pthread_mutex_unlock(&m)
                    return 1
                }
                """),
            .init(
                "a throw",
                """
                func f() throws {
                    ↓lock.lock()
                    if isClosed { throw Closed() }
                    n += 1
                    lock.unlock()
                }
                """),
            .init(
                "a case",
                """
                func f(_ k: Kind) -> Int {
                    ↓lock.lock()
                    switch k {
                    case .a: return 1
                    case .b: n += 1
                    }
                    lock.unlock()
                    return n
                }
                """),
            .init(
                "an acquired permit",
                """
                func f() async throws {
                    ↓try await limiter.acquire()
                    try await work()
                    await limiter.release()
                }
                """),
        ],
        clean: [
            .init(
                "a lock on a file, which goes with the function that made it",
                """
                func f(_ u: URL) throws {
                    let lock = try FileLock(lockURL: u)
                    try lock.lock()
                    try save(1)
                    try lock.unlock()
                }
                """),
            .init(
                "a process that is waited for and signalled",
                """
                func f(_ tool: Tool) async throws {
                    try await tool.wait()
                    try check()
                    tool.signal()
                }
                """),
            .init(
                "released in the body of a continuation, before the task is suspended",
                """
                func wait() async throws {
                    lock.lock()
                    if isDone {
                        lock.unlock()
                        return
                    }
                    return try await withCheckedThrowingContinuation { c in
                        waiters.append(c)
                        lock.unlock()
                    }
                }
                """),
            .init(
                "deferred",
                """
                func f(_ x: Int) -> Int {
                    lock.lock()
                    defer { lock.unlock() }
                    if x == 0 { return n }
                    return x
                }
                """),
            .init(
                "released on every path",
                """
                func f(_ x: Int) -> Int {
                    lock.lock()
                    if x == 0 {
                        lock.unlock()
                        return n
                    }
                    lock.unlock()
                    return x
                }
                """),
            .init("a wrapper that only locks", "func lock() { mutex.lock() }"),
            .init(
                "an attempt",
                """
                func f() -> Bool {
                    guard lock.try() else { return false }
                    n += 1
                    lock.unlock()
                    return true
                }
                """),
            .init(
                "a helper that unlocks",
                """
                final class A {
                    func f(_ x: Int) -> Int {
                        lock.lock()
                        if x == 0 { return finish() }
                        lock.unlock()
                        return x
                    }
                    func finish() -> Int {
                        lock.unlock()
                        return 0
                    }
                }
                """),
            .init(
                "a caught error",
                """
                func f() {
                    lock.lock()
                    do { try g() } catch { log(error) }
                    lock.unlock()
                }
                """),
            .init(
                "a wait for an event",
                """
                func f() -> Int {
                    let s = DispatchSemaphore(value: 0)
                    start { s.signal() }
                    s.wait()
                    return 1
                }
                """),
            .init(
                "unlocked and locked again in a loop",
                """
                func f() -> Int {
                    lock.lock()
                    while isBusy {
                        lock.unlock()
                        pause()
                        lock.lock()
                    }
                    lock.unlock()
                    return 1
                }
                """),
            .init(
                "what does not return",
                """
                func f() -> Int {
                    lock.lock()
                    guard n > 0 else { fatalError() }
                    lock.unlock()
                    return 1
                }
                """),
        ])
}
#endif
