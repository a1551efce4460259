#if os(Linux)
import Dispatch
import Foundation

/// One of the programs under `Tests/Programs`: what a test cannot try because it has no process of its own. They stand
/// beside the program that runs the tests.
package struct TestProgram: Sendable {
    private let name: String

    package init(_ name: String) { self.name = name }

    /// How a run ended.
    package struct Ending: Sendable {
        /// The exit code, or the number of the signal that ended it.
        package var status: Int32
        /// What it wrote to standard output.
        package var output: String
        /// What it wrote to standard error.
        package var complaints: String
    }

    /// Runs the program to its end, five minutes at most. Cancelling the task ends it.
    ///
    /// - Parameters:
    ///   - name: The case, its first argument.
    ///   - environment: What it sees beyond the environment of this process, of which `CONCERTO_POOL` is left out: the
    ///     program installs a pool itself, or goes without.
    package func run(_ name: String, environment: [String: String] = [:]) async throws -> Ending {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent(self.name)
        program.arguments = [name]
        program.environment = ProcessInfo.processInfo.environment
            .filter { $0.key != "CONCERTO_POOL" }
            .merging(environment) { $1 }
        // Files, not pipes: nobody has to read them while it runs.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (output, complaints) = (
            folder.appendingPathComponent("output"), folder.appendingPathComponent("complaints")
        )
        for file in [output, complaints] { try Data().write(to: file) }
        program.standardOutput = try FileHandle(forWritingTo: output)
        program.standardError = try FileHandle(forWritingTo: complaints)
        let status = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int32, any Error>) in
                program.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                do { try program.run() } catch { return continuation.resume(throwing: error) }
                DispatchQueue.global().asyncAfter(deadline: .now() + 300) { [program] in
                    if program.isRunning { kill(program.processIdentifier, SIGKILL) }
                }
            }
        } onCancel: {
            // Not `terminate`: it begins with the signals blocked that its starter's thread blocks, SIGTERM too.
            if program.isRunning { kill(program.processIdentifier, SIGKILL) }
        }
        return Ending(
            status: status, output: try String(contentsOf: output, encoding: .utf8),
            complaints: try String(contentsOf: complaints, encoding: .utf8))
    }
}
#endif
