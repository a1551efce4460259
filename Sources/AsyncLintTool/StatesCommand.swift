#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct StatesCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case mermaid
    }

    static let configuration = CommandConfiguration(
        commandName: "states",
        abstract: "Shows the state machine that the compiler cuts an asynchronous function into.",
        discussion: """
            For each state: the code that runs without a break, the suspension it ends with, where the awaited code runs, which \
            values live across, and where it goes on.
            """)

    @Argument(help: "FILE, or FILE:FUNCTION or FILE:Type.function for one function.")
    var target: String

    @Option(help: "text or mermaid.")
    var format: Format = .text

    func run() throws {
        var path = target
        var name: String?
        if !FileManager.default.fileExists(atPath: path), let colon = path.lastIndex(of: ":") {
            name = String(path[path.index(after: colon)...])
            path = String(path[..<colon])
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(source: path, problems: ["the file cannot be read; name FILE or FILE:FUNCTION"])
        }
        let machines = try StateMachine.machines(in: Linter.Source(path: path, bytes: Array(data)), named: name)
        write(machines.map { format == .text ? $0.text : $0.mermaid }.joined(separator: "\n\n"), to: .standardOutput)
    }
}
#endif
