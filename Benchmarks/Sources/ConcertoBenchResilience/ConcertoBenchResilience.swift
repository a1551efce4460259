import Concerto
import ConcertoResilience
import Glibc

/// `concerto-bench-resilience [--executor stock|concerto] [--runs N] [--calls N] [NAME…]`: what a strategy costs a call
/// that goes well. Many runs of few calls (`--calls 2000 --runs 501`) give a median that a busy machine hardly changes.
/// `concerto-bench-resilience storm FOLDER`: simulates an outage and writes `storm.svg` and `storm.md`;
/// `storm --check FOLDER` fails if two simulations differ from each other or from what `FOLDER` shows.
/// `concerto-bench-resilience adaptive FOLDER`: simulates changing capacity and slow calls, and writes `adaptive.svg`,
/// `adaptive.md` and `hedging.md`; `adaptive --check FOLDER` fails if they show something else.
///
/// A program of its own, because it counts allocations, which would slow the others down. Bodies and strategies live in
/// different modules, as they do for users. Rows named `…_surplus` are less the same body without the strategy.
@main struct ConcertoBenchResilience {
    static func main() async throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let executor = option("--executor", &arguments) ?? "stock"
        let runs = option("--runs", &arguments).flatMap(Int.init) ?? 7
        let calls = option("--calls", &arguments).flatMap(Int.init) ?? 200_000
        if executor == "concerto" {
            let result = ThreadPool.installAsDefault()
            guard case .installed = result else { fatalError("\(result)") }
        }
        if arguments.first == "storm" {
            let isCheck = arguments.dropFirst().first == "--check"
            let folder = arguments.dropFirst(isCheck ? 2 : 1).first ?? "."
            guard isCheck else { return StormReport.write(into: folder) }
            guard StormReport.check(folder) else { exit(1) }
            return
        }
        if arguments.first == "adaptive" {
            let isCheck = arguments.dropFirst().first == "--check"
            let folder = arguments.dropFirst(isCheck ? 2 : 1).first ?? "."
            guard isCheck else { return OverloadReport.write(into: folder) }
            guard OverloadReport.check(folder) else { exit(1) }
            return
        }
        let names = arguments
        // Off the main actor, whose executor costs microseconds a hop.
        try await Task.detached {
            try await Cases(runs: runs, calls: calls, names: names, runtime: "swift-\(executor)").run()
        }.value
    }

    private static func option(_ name: String, _ arguments: inout [String]) -> String? {
        guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
        defer { arguments.removeSubrange(index...(index + 1)) }
        return arguments[index + 1]
    }
}
