#if Lint
extension BlockingCallInAsync {
    static let page = RulePage(
        id: "blocking-call-in-async",
        summary: "A call that parks its thread, in asynchronous code.",
        severity: .error,
        why: """
            Swift runs tasks on about as many threads as there are cores and adds none when one blocks. A thread that sleeps, waits \
            for a semaphore or reads from a socket serves nobody: on two cores two such calls stop every task of their priority, \
            and if what they wait for is a task itself, for good. On Linux the compiler marks a handful of these calls only.
            """,
        instead: """
            The asynchronous counterpart the message names; where there is none, a thread of its own and a continuation, or \
            `withBlocking { … }` on a pool that replaces blocked threads.
            """,
        limits: """
            Members such as `wait()` are reported only when the receiver's type is known from the linted files. The list of calls is a table: add to it, or take off it, \
            with `apis` in the configuration. File access has its own id, `blocking-call-in-async/file-io`.
            """,
        reported: [
            .init(
                "what the compiler may compile",
                """
                func wait(_ s: DispatchSemaphore) async {
                    #if swift(>=6.0)
                    await work()
                    #else
                    ↓s.wait()
                    #endif
                }
                """),
            .init(
                "a method of a class elsewhere, inherited",
                """
                final class Tests: XCTestCase {
                    func testX() async { ↓wait(for: [expectation(description: "x")], timeout: 1) }
                }
                """),
            .init(
                "a queue of the type's own",
                """
                final class Store {
                    private static let queue = DispatchQueue(label: "store")
                    func all() async -> [Int] { ↓Self.queue.sync { items } }
                }
                """),
            .init(
                "an actor's own method: its callers await it",
                """
                actor Limiter {
                    private let gate = DispatchSemaphore(value: 4)
                    func enter() { ↓gate.wait() }
                }
                """, survivesStripping: true),
            .init(
                "the future of a promise",
                """
                func f(_ loop: any EventLoop) async throws -> Int {
                    let promise = loop.makePromise(of: Int.self)
                    start(promise)
                    return try ↓promise.futureResult.wait()
                }
                """),
            .init(
                "a future of a function of the files",
                """
                struct Users { func find(_ id: Int) -> EventLoopFuture<String> { load(id) } }
                func name(_ users: Users) async throws -> String { try ↓users.find(1).wait() }
                """),
            .init(
                "a future whose type is out of sight",
                """
                import NIOPosix
                func f(_ bootstrap: ServerBootstrap) async throws { try ↓bootstrap.bind(host: "::1", port: 80).wait() }
                """),
            .init(
                "on the main actor", "func f() async { await MainActor.run { ↓Thread.sleep(forTimeInterval: 1) } }"),
            .init(
                "in a closure called on the spot",
                """
                func f() async -> Int {
                    let n: Int = {
                        ↓usleep(1)
                        return 1
                    }()
                    return n
                }
                """),
            .init(
                "in an asynchronous getter", "struct Reading { var value: Int { get async { ↓usleep(1); return 1 } } }"),
            .init("a closure whose type says async", "let c: @Sendable () async -> Void = { ↓usleep(1) }"),
            .init("a C function", "func f() async { ↓usleep(1) }"),
            .init("a static method", "func f() async { ↓Thread.sleep(forTimeInterval: 1) }"),
            .init("a parameter of a blocking type", "func f(_ s: DispatchSemaphore) async { ↓s.wait() }"),
            .init(
                "a stored property of another declaration",
                """
                final class Store { let queue = DispatchQueue(label: "store"); var n = 0 }
                extension Store { func count() async -> Int { ↓queue.sync { n } } }
                """),
            .init(
                "a process",
                """
                func f(_ p: Process) async throws {
                    try p.run()
                    ↓p.waitUntilExit()
                }
                """),
            .init("in a task", "func f() { Task { ↓sleep(1) } }", survivesStripping: true),
            .init(
                "under a lock, which runs in place", "func f(_ m: Mutex<Int>) async { m.withLock { _ in ↓usleep(1) } }"),
            .init(
                "a local asynchronous function",
                """
                func f() async {
                    func g() async { ↓usleep(1) }
                    await g()
                }
                """),
            .init(
                "a child of `async let`",
                """
                func f() async {
                    async let a = readIt( ↓readLine())
                    _ = await a
                }
                """),
            .init("an optional receiver", "func f(_ g: DispatchGroup?) async { ↓g?.wait() }"),
        ],
        clean: [
            .init(
                "what the compiler leaves out",
                """
                func wait(_ s: DispatchSemaphore) async {
                    #if swift(>=5.10)
                    await work()
                    #else
                    s.wait()
                    #endif
                    #if compiler(<6)
                    s.wait()
                    #endif
                    #if !compiler(>=5.9)
                    s.wait()
                    #endif
                }
                """),
            .init(
                "a case or a static member that is named like a C function",
                """
                func f(_ chat: Chat) async {
                    await chat.send([.system("Answer in one word."), .sleep(1), .read(1, 2, 3)])
                    let first: Message = .usleep(1)
                    await chat.send([first])
                }
                """),
            .init(
                "a descriptor that does not block",
                """
                final class Socket {
                    func open() { _ = fcntl(fd, F_SETFL, O_NONBLOCK) }
                    func take() async -> Int { read(fd, &buffer, 64) }
                }
                """),
            .init(
                "flags and limits that return at once",
                """
                func f(_ s: DispatchSemaphore, _ fd: Int32) async {
                    _ = waitpid(pid, &status, WNOHANG)
                    _ = flock(fd, LOCK_EX | LOCK_NB)
                    _ = poll(&fds, 1, 0)
                    _ = s.wait(timeout: .now())
                }
                """),
            .init(
                "what is awaited may be the first of a chain",
                "func f(_ p: Job) async throws { use(try await p.waitUntilExit().output()) }"),
            .init(
                "an actor on an executor of its own",
                """
                actor Database {
                    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
                    func step() { usleep(1) }
                }
                """),
            .init(
                "a method outside the actor's isolation",
                "actor Loop { nonisolated func run() { Thread.sleep(forTimeInterval: 1) } }"),
            .init(
                "a channel for tests, whose futures are complete",
                """
                import NIOEmbedded
                func f() async throws {
                    let channel = EmbeddedChannel()
                    try channel.pipeline.addHandler(handler).wait()
                }
                """),
            .init(
                "a function of the same name that takes any number",
                """
                func select(_ n: Int...) -> Int { 1 }
                func f() async { _ = select(1, 2, 3, 4, 5) }
                """),
            .init(
                "a pool of threads for files",
                """
                import NIOPosix
                func f(_ u: URL) async throws { try await NIOThreadPool.singleton.runIfActive { usleep(1) } }
                """),
            .init(
                "a name of C with a closure is somebody's own",
                "func f() async { await select { read(a) { use($0) } } }"),
            .init(
                "a closure for a queue of its own",
                """
                func f(_ q: DispatchQueue) async {
                    await withCheckedContinuation { c in
                        q.async {
                            usleep(1)
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "a function of the same name",
                """
                func sleep(_ n: Int) {}
                func f() async { sleep(1) }
                """),
            .init(
                "a local function of the same name",
                """
                func f() async {
                    func connect(_ a: Int, _ b: Int, _ c: Int) {}
                    connect(1, 2, 3)
                }
                """),
            .init("awaited, so not the blocking one", "func f(_ gate: AsyncGate) async { await gate.wait() }"),
            .init(
                "`async let` awaits",
                """
                func f(_ gate: AsyncGate) async {
                    async let a: Void = gate.wait()
                    await a
                }
                """),
            .init("an unknown receiver", "func f(_ x: Latch) async { x.wait() }"),
            .init("synchronous code", "func f() { usleep(1) }"),
            .init("other arguments", "func f() async { connect(to: host) }"),
            .init(
                "a method of the own type",
                """
                struct S {
                    func poll(_ a: Int, _ b: Int, _ c: Int) {}
                    func f() async { poll(1, 2, 3) }
                }
                """),
            .init("says that it blocks", "func f() async { withBlocking { usleep(1) } }"),
        ])

    static let fileIO = RulePage(
        id: "blocking-call-in-async/file-io",
        summary: "A call that reads or writes a file, in asynchronous code: the first of each function.",
        severity: .info, quietInTests: true,
        why: """
            Reading a small local file takes microseconds as a rule, and seconds on a network share or a sleeping disk. Meanwhile \
            the thread serves nobody. Whether that matters depends on the file: hence an id of its own.
            """,
        instead: "NIOFileSystem, `FileHandle.bytes`, or a thread of its own with a continuation.",
        limits: """
            As for `blocking-call-in-async`. Calls that change an entry of a folder and move no data (`createDirectory`, `moveItem`, \
            `removeItem`) are not in the table; a configuration can add them.
            """,
        reported: [
            .init(
                "the first of two in one function",
                """
                func f(_ u: URL, _ v: URL) async throws -> [Data] {
                    let one = try ↓Data(contentsOf: u)
                    return [one, try Data(contentsOf: v)]
                }
                """),
            .init(
                "each of many",
                "func f(_ us: [URL]) async throws -> [Data] { try us.map { try ↓Data(contentsOf: $0) } }"),
            .init("a file's contents", "func f(_ u: URL) async throws -> Data { try ↓Data(contentsOf: u) }"),
            .init(
                "inside an awaited call's argument",
                """
                func f(_ u: URL) async throws { try await save( ↓Data(contentsOf: u)) }
                """),
            .init(
                "the file manager",
                """
                func f() async throws { try ↓FileManager.default.copyItem(atPath: p, toPath: q) }
                """),
            .init(
                "with options",
                """
                func f(_ u: URL) async throws { _ = try ↓Data(contentsOf: u, options: .mappedIfSafe) }
                """),
            .init("a handle", "func f(_ h: FileHandle) async throws { _ = try ↓h.readToEnd() }"),
            .init(
                "text",
                """
                func f(_ u: URL) async throws { _ = try ↓String(contentsOf: u, encoding: .utf8) }
                """),
        ],
        clean: [
            .init(
                "an entry of a folder comes, goes or changes its name",
                """
                func f(_ u: URL, _ v: URL) async throws {
                    let files = FileManager.default
                    try files.createDirectory(at: u, withIntermediateDirectories: true)
                    try files.moveItem(at: v, to: u)
                    try files.removeItem(at: v)
                }
                """),
            .init(
                "standard error is a print", "func f() async { FileHandle.standardError.write(message) }"),
            .init(
                "an actor's own short method",
                "actor Files { func remove(_ u: URL) throws { try FileManager.default.removeItem(at: u) } }"),
            .init("synchronous code", "func f(_ u: URL) throws -> Data { try Data(contentsOf: u) }"),
            .init("other data", "func f(_ b: [UInt8]) async -> Data { Data(b) }"),
            .init(
                "a type of the same name",
                """
                struct Data { init(contentsOf u: Int) {} }
                func f() async { _ = Data(contentsOf: 1) }
                """),
            .init(
                "a queue of its own",
                """
                func f(_ q: DispatchQueue) async { q.async { _ = try? Data(contentsOf: u) } }
                """),
            .init("an unknown writer", "func f(_ w: Writer) async { w.write(bytes) }"),
            .init(
                "an asynchronous file system",
                """
                func f(_ fs: FileSystem) async throws { try await fs.removeItem(at: p) }
                """),
        ])

    static let oneCallAway = RulePage(
        id: "blocking-call-in-async/one-call-away",
        summary: "A synchronous function of these files that parks its thread, called in asynchronous code.",
        severity: .warning, quietInTests: true,
        why: """
            Hidden in a helper, `semaphore.wait()` blocks the pool's thread as surely as written out, and neither the call nor the helper \
            looks wrong on its own.
            """,
        instead: "Make the helper asynchronous, or call it on a thread or queue of its own with a continuation.",
        limits: """
            One call deep, and only where the name can mean nothing else. Calls that wait for a file, and `DispatchQueue.sync`, do not \
            count. A function that is called on a queue somewhere in the file is left alone.
            """,
        reported: [
            .init("sleeps", "func pause() { usleep(100) }\nfunc f() async { ↓pause() }"),
            .init(
                "waits for a semaphore it made",
                """
                func load() -> Int {
                    let s = DispatchSemaphore(value: 0)
                    start { s.signal() }
                    s.wait()
                    return 1
                }
                func f() async -> Int { ↓load() }
                """),
            .init(
                "a method of its own type",
                """
                final class Shell {
                    func run(_ p: Process) { p.waitUntilExit() }
                    func all(_ p: Process) async { ↓self.run(p) }
                }
                """),
            .init(
                "in a task",
                """
                func block(_ pid: Int32) { _ = waitpid(pid, nil, 0) }
                func f() { Task { ↓block(1) } }
                """, survivesStripping: true),
            .init(
                "a method of a property's type",
                """
                final class Gate {
                    let s = DispatchSemaphore(value: 0)
                    func pass() { s.wait() }
                }
                final class Door {
                    let gate = Gate()
                    func open() async { ↓gate.pass() }
                }
                """),
            .init(
                "a static method",
                """
                enum Net { static func resolve(_ n: String) { _ = gethostbyname(n) } }
                func f() async { ↓Net.resolve("a") }
                """),
        ],
        clean: [
            .init(
                "before the process ends",
                """
                func flush() { sleep(1) }
                func run() async {
                    await work()
                    flush()
                    Foundation.exit(0)
                }
                """),
            .init("called synchronously", "func pause() { usleep(100) }\nfunc f() { pause() }"),
            .init(
                "called on a queue",
                "func pause() { usleep(100) }\nfunc f(_ q: DispatchQueue) async { q.async { pause() } }"),
            .init(
                "called on a queue elsewhere",
                """
                func pause() { usleep(100) }
                func f() async { pause() }
                func g(_ q: DispatchQueue) { q.async { pause() } }
                """),
            .init(
                "two of the name",
                "func pause() { usleep(100) }\nfunc pause(_ n: Int = 1) {}\nfunc f() async { pause() }"),
            .init("an asynchronous one", "func pause() async { usleep(100) }\nfunc f() async { await pause() }"),
            .init(
                "a short section on a queue",
                "final class A { let q = DispatchQueue(label: \"a\"); func n() -> Int { q.sync { 1 } }; func f() async -> Int { n() } }"
            ),
            .init(
                "the wait is in a closure that somebody else runs",
                "func later(_ q: DispatchQueue) { q.async { usleep(100) } }\nfunc f(_ q: DispatchQueue) async { later(q) }"
            ),
        ])
}
#endif
