#if Lint
import ArgumentParser
import AsyncLint
import Foundation

@main
struct AsyncLintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "asynclint",
        abstract: "Finds asynchronous mistakes in Swift sources that the compiler lets pass.",
        discussion: """
            Exit status: 0 when nothing at or above the fail level was found, 1 when something was or a file could not be \
            checked, 2 when the command line, the configuration, a table or a baseline cannot be used.
            """,
        version: AsyncLintVersion.current,
        subcommands: [LintCommand.self, StatesCommand.self, RulesCommand.self, ServerCommand.self],
        defaultSubcommand: LintCommand.self)

    /// ArgumentParser's own exit status for a wrong command line is 64; the field's linters use 2.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ConfigurationError {
            write("error: \(error)\n", to: .standardError)
            Foundation.exit(2)
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let isHelp = exitCode(for: error) == .success
            write(fullMessage(for: error) + "\n", to: isHelp ? .standardOutput : .standardError)
            Foundation.exit(isHelp ? 0 : 2)
        }
    }
}

/// Writes all of a text at once.
func write(_ text: String, to handle: FileHandle) { handle.write(Data(text.utf8)) }
#else
@main
enum AsyncLintCommand {
    static func main() {
        print("asynclint is part of the trait Lint; build it with: swift build --traits Lint --product asynclint")
    }
}
#endif
