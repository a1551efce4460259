#if CLI
import Foundation

/// A running program that does not know Concerto and whose tasks wait for each other; whoever starts it ends it.
func plainProgram() async throws -> Process {
    let program = Process()
    program.executableURL = ToolProcess.binary.deletingLastPathComponent().appendingPathComponent("PlainProgram")
    let output = Pipe()
    program.standardOutput = output
    let (ready, signal) = AsyncStream.makeStream(of: Void.self)
    output.fileHandleForReading.readabilityHandler = { handle in
        if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        signal.yield()
    }
    try program.run()
    for await _ in ready { break }
    return program
}
#endif
