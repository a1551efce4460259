#if os(Linux)
import Foundation
import Synchronization

/// A program under `Tests/Programs` that runs until the test has looked at it.
final class RunningProgram: Sendable {
    private let process = Process()
    private let lines: AsyncStream<String>
    let pid: Int32

    /// Starts `name` with `arguments`, from beside the program that runs the tests.
    init(_ name: String, _ arguments: [String] = []) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(name)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "CONCERTO_POOL" }
        let output = Pipe()
        process.standardOutput = output
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        self.lines = lines
        let rest = Mutex("")
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return line.finish()
            }
            rest.withLock { rest in
                rest += String(decoding: data, as: UTF8.self)
                while let end = rest.firstIndex(of: "\n") {
                    line.yield(String(rest[..<end]))
                    rest.removeSubrange(...end)
                }
            }
        }
        try process.run()
        pid = process.processIdentifier
    }

    deinit { if process.isRunning { kill(pid, SIGKILL) } }

    /// The next line of its output; `nil` at its end.
    func nextLine() async -> String? {
        var iterator = lines.makeAsyncIterator()
        return await iterator.next()
    }
}
#endif
