#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsp", abstract: "A language server over standard input and output, for editors.")

    @OptionGroup var settings: SettingsOptions

    /// Editors that pass it expect it to be known; there is no other way to talk.
    @Flag(help: "Talk over standard input and output, as it does anyway.")
    var stdio = false

    func run() async throws {
        let settings = settings
        let server = LanguageServer(
            settings: { folder, root in
                let setup = try settings.load(root: root, from: folder, quiet: true)
                return LanguageServer.Setup(configuration: setup.configuration, identity: setup.identity)
            },
            send: { FileHandle.standardOutput.write(Data($0)) })
        for await bytes in Self.input() {
            if let status = await server.receive(bytes) { throw ExitCode(status) }
        }
        // The client went without a word.
        throw ExitCode(1)
    }

    /// Standard input as it comes in, read by a thread of its own: no task waits in `read`.
    private static func input() -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        let thread = Thread {
            while true {
                let data = FileHandle.standardInput.availableData
                if data.isEmpty { break }
                continuation.yield(Array(data))
            }
            continuation.finish()
        }
        thread.name = "asynclint lsp input"
        thread.start()
        return stream
    }
}
#endif
