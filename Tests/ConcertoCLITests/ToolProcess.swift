#if CLI
import DemoServer
import Foundation
import Synchronization

/// The built `concerto`, run as a person runs it.
final class ToolProcess: Sendable {
    struct Ending: Sendable {
        var code: Int32
        var output: String
        var errors: String
    }

    private let folder: URL
    private let process = Process()
    private struct State {
        var code: Int32?
        var waiters: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    /// Starts `concerto` in `folder`.
    init(
        _ arguments: [String], in folder: Scratch, input: String = "", environment: [String: String] = [:],
        terminal: Terminal? = nil, executable: URL = binary
    ) throws {
        self.folder = folder.url.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        let inputFile = self.folder.appendingPathComponent("in")
        try input.write(to: inputFile, atomically: true, encoding: .utf8)
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        let out = try Self.file(self.folder, "out")
        let err = try Self.file(self.folder, "err")
        process.standardOutput = terminal.map { $0.hasOutput ? $0.slave : out } ?? out
        process.standardError = terminal?.slave ?? err
        process.terminationHandler = { [self] process in
            let code = process.terminationStatus
            let waiters = state.withLock { state in
                state.code = process.terminationReason == .exit ? code : -code
                return state.waiters
            }
            for waiter in waiters { waiter.finish() }
        }
        try process.run()
    }

    /// Waits for the end: the exit code, or a signal's number, negative.
    func wait() async throws -> Ending {
        await hasEnded()
        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
        }
        return Ending(code: state.withLock { $0.code } ?? -999, output: try text("out"), errors: try text("err"))
    }

    /// Returns when the process has ended. A test whose time is over leaves none behind: cancelling the task kills it.
    func hasEnded() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.code != nil { continuation.finish() } else { state.waiters.append(continuation) }
        }
        for await _ in stream {}
        if Task.isCancelled, state.withLock({ $0.code == nil }) { signal(SIGKILL) }
    }

    /// Returns when `server` has got so many calls since it began, or the process has ended by itself.
    func hasEnded(orReceived calls: Int, by server: DemoServer) async {
        await withTaskGroup { group in
            group.addTask { await server.received(calls) }
            group.addTask { await self.hasEnded() }
            await group.next()
            group.cancelAll()
        }
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Runs a line of `sh`, in which `$0` is `concerto`, to its end.
    static func shell(_ line: String, in folder: Scratch, environment: [String: String] = [:]) async throws -> Ending {
        try await ToolProcess(
            ["-c", line, binary.path], in: folder, environment: environment, executable: URL(fileURLWithPath: "/bin/sh")
        ).wait()
    }

    /// Runs `concerto` to its end.
    static func run(
        _ arguments: String..., in folder: Scratch, input: String = "", environment: [String: String] = [:]
    ) async throws -> Ending {
        try await ToolProcess(arguments, in: folder, input: input, environment: environment).wait()
    }

    /// Stands beside the program that runs the tests.
    static let binary = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("concerto")

    private static func file(_ folder: URL, _ name: String) throws -> FileHandle {
        let url = folder.appendingPathComponent(name)
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        return try FileHandle(forWritingTo: url)
    }
}

/// A terminal that a test reads what is drawn on.
final class Terminal: Sendable {
    /// What the tool gets as its standard error, and output if `hasOutput`.
    let slave: FileHandle
    let hasOutput: Bool
    private let master: CInt

    init(hasOutput: Bool) throws {
        self.hasOutput = hasOutput
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (lock, number) = (CInt(0), CInt(0))
        // TIOCSPTLCK and TIOCGPTN, which are macros that Swift does not see.
        guard master >= 0, ioctl(master, 0x4004_5431, &lock) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
            throw CocoaError(.fileReadUnknown)
        }
        let descriptor = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CocoaError(.fileReadUnknown) }
        slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
    }

    deinit { close(master) }

    /// What has been written since the last look.
    func read() -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Foundation.read(master, &chunk, chunk.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}

/// A folder that goes with the test.
final class Scratch: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("concerto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ name: String, _ lines: [String]) throws {
        try (lines.joined(separator: "\n") + "\n").write(
            to: url.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path).sorted()) ?? [] }

    /// The lines of a file of results.
    func results(_ name: String) throws -> [[String: any Sendable]] {
        try read(name).split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable]
            return object ?? [:]
        }
    }
}
#endif
