#if CLI
import ArgumentParser
import DemoServer
import Foundation

/// `concerto demo-server`: the server of the quickstart, in a process of its own.
struct DemoServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-server",
        abstract: "Runs the demo server on loopback until it is interrupted.",
        discussion: "It prints its URL on standard output once it listens.")

    @Option(help: "The port; 0 for a free one.")
    var port = 0

    @Flag(help: "Answer every call at once instead of misbehaving.")
    var calm = false

    @Option(help: "Decides which calls meet which fault.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be 0 to 65535, not \(port)") }
    }

    func run() async throws {
        var configuration: DemoServerConfiguration = calm ? .calm : .misbehaving
        configuration.seed = seed
        try await DemoServer.run(configuration, port: port) { server in
            try FileHandle.standardOutput.write(contentsOf: Data("\(server.url)\n".utf8))
            // The process ends with the signal that interrupts it.
            try await Task.sleep(for: .seconds(1_000_000_000))
        }
    }
}
#endif
