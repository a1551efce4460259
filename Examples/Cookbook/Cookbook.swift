import Foundation

/// The programs of docs/cookbook.md: `swift run Cookbook <name>`, or all of them, one after the other.
@main struct Cookbook {
    static let recipes: [(name: String, run: @Sendable () async throws -> Void)] = [
        ("many-calls", manyCalls), ("keep-what-worked", keepWhatWorked), ("every-failure", everyFailure),
        ("first-answer", firstAnswer), ("producer-consumers", producerConsumers), ("graceful-stop", gracefulStop),
        ("leader-followers", leaderFollowers), ("callback", callback), ("blocking-library", blockingLibrary),
        ("from-synchronous-code", fromSynchronousCode), ("one-thread", oneThread), ("deadlock", deadlock),
        ("which-limit", whichLimit), ("retry", retry), ("generator", generator), ("virtual-time", virtualTime),
    ]

    static func main() async throws {
        let names = CommandLine.arguments.dropFirst()
        for name in names where !recipes.contains(where: { $0.name == name }) {
            print("There is no recipe \(name). There are: \(recipes.map(\.name).joined(separator: ", "))")
            exit(64)
        }
        for recipe in recipes where names.isEmpty || names.contains(recipe.name) {
            if names.count != 1 { print("== \(recipe.name)") }
            try await recipe.run()
        }
    }
}
