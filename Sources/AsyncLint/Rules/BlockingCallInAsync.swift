#if Lint
import SwiftSyntax

struct BlockingCallInAsync: CallRule {
    static let words: [String] = []
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
            Members such as `wait()` are reported only when the receiver's type is known from the linted files. What a synchronous \
            function does that asynchronous code calls is not followed. The list of calls is a table: add to it, or take off it, \
            with `apis` in the configuration. File access has its own id, `blocking-call-in-async/file-io`.
            """,
        reported: [
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
        summary: "A call that reads or writes a file, in asynchronous code.",
        severity: .info, quietInTests: true,
        why: """
            Reading a small local file takes microseconds as a rule, and seconds on a network share or a sleeping disk. Meanwhile \
            the thread serves nobody. Whether that matters depends on the file: hence an id of its own.
            """,
        instead: "NIOFileSystem, `FileHandle.bytes`, or a thread of its own with a continuation.",
        limits: "As for `blocking-call-in-async`.",
        reported: [
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
                func f() async throws { try ↓FileManager.default.removeItem(atPath: p) }
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
    static let parts = [fileIO]

    func check(_ call: Call, in file: FileContext) {
        if let entry = Self.match(file.apis.blocking, call, in: file) {
            file.report(
                Self.self, at: call.node,
                "'\(call.name)' parks a thread that other tasks need; use \(entry.use)", fixes: fix(call, in: file))
        } else if let entry = Self.match(file.apis.fileIO, call, in: file), !Self.isConsole(call) {
            file.report(
                Self.self, at: call.node, part: Self.fileIO.id,
                "'\(call.name)' waits for a file on a thread that other tasks need; use \(entry.use)")
        }
    }

    /// Whether a call parks its thread, and asynchronous code makes it.
    static func blocks(_ call: Call, in file: FileContext) -> Bool { match(file.apis.blocking, call, in: file) != nil }

    /// `FileHandle.standardError.write(…)` is a `print`.
    private static func isConsole(_ call: Call) -> Bool {
        guard let access = call.base?.core.as(MemberAccessExprSyntax.self) else { return false }
        return ["standardError", "standardOutput"].contains(access.declName.baseName.text)
    }

    /// Whether a chain begins at one of NIO's channels for tests, whose futures are complete at once.
    private static func isEmbedded(_ base: ExprSyntax, in file: FileContext) -> Bool {
        var root = base.core
        while true {
            if file.types.typeName(of: root).map({ $0.contains("Embedded") || $0.contains("Testing") }) == true {
                return true
            }
            let next = root.as(MemberAccessExprSyntax.self)?.base ?? Call(root)?.base
            guard let next else { return false }
            root = next.core
        }
    }

    private static func match(_ table: [String: [APITable.Entry]], _ call: Call, in file: FileContext) -> APITable
        .Entry?
    {
        guard let entries = table[call.name] else { return nil }
        let entry = entries.first { entry in
            guard entry.pattern.fits(call) else { return false }
            switch entry.pattern.receiver {
            case .none:
                return call.base == nil
                    || ["Foundation", "Glibc", "Darwin", "Musl", "Dispatch"].contains(call.base?.identifier)
            case .any:
                guard let base = call.base else { return false }
                guard let prefix = entry.importPrefix else { return true }
                return call.node.ancestorTry != nil && file.types.typeName(of: base) == nil
                    && !isEmbedded(base, in: file) && file.imports(prefix: prefix, around: call.node)
            case .type(let type):
                guard let base = call.base else {
                    // A method that the class around it inherits.
                    guard entry.pattern.labels != nil, let own = file.enclosingTypeName(of: call.node) else {
                        return false
                    }
                    return file.symbols.ancestors(of: own).contains(type)
                }
                if base.core.identifier == type { return true }
                guard let found = file.types.typeName(of: base) else { return false }
                return found == type || file.symbols.ancestors(of: found).contains(type)
            }
        }
        guard let entry, !file.isAwaited(call.node) else { return nil }
        // A table of short calls (files) is not held against an actor's own synchronous methods.
        let isShort = file.apis.blocking[call.name]?.contains { $0.pattern == entry.pattern } != true
        guard file.runsAsync(call.node) || (!isShort && file.runsOnActor(call.node)) else { return nil }
        // A declaration of the files themselves under this name is what is meant.
        if call.base == nil {
            if file.types.localDeclaration(of: call.name, at: Syntax(call.node)) != nil { return nil }
            if !file.symbols.candidates(for: call, in: file).isEmpty || file.symbols.declaresType(call.name) {
                return nil
            }
        } else if case .type(let type) = entry.pattern.receiver, file.symbols.declaresType(type) {
            return nil
        }
        return entry
    }

    /// `Thread.sleep(forTimeInterval: x)` becomes `try await Task.sleep(for: .seconds(x))` where an error may leave.
    private func fix(_ call: Call, in file: FileContext) -> [Fix] {
        guard call.baseName == "Thread", let interval = call.argument("forTimeInterval") else { return [] }
        let code = file.code(of: call.node)
        let simple = call.node.parent?.is(CodeBlockItemSyntax.self) ?? false
        return [
            Fix(
                title: "suspend instead", safety: simple && code.saysAsync && code.throwsAnyError ? .safe : .suggestion,
                edits: [
                    file.replace(
                        call.node, by: "try await Task.sleep(for: .seconds(\(interval.trimmedDescription)))")
                ])
        ]
    }
}
#endif
