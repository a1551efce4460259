#if Lint
import ArgumentParser
import AsyncLint
import Foundation

struct StatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "states", abstract: "Shows the state machine the compiler cuts an asynchronous function into.")

    @Argument(help: "FILE or FILE:FUNCTION.")
    var target: String

    func run() throws {}
}
#endif
