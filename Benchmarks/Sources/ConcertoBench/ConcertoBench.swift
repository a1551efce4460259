import Concerto
import Glibc

/// `concerto-bench <workload|all> <repeat> --executor stock|concerto`
///
/// Runs the workloads and prints one JSON object a line. `concerto-bench list` names them.
@main struct ConcertoBench {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "resilience" { becomeResilienceBench(Array(arguments.dropFirst())) }
        if arguments == ["list"] {
            for workload in Workload.all where !workload.onlyByName { write(workload.name + "\n", to: 1) }
            return
        }
        var executor = "stock"
        if let index = arguments.firstIndex(of: "--executor") {
            guard index + 1 < arguments.count else { usage("--executor needs a name") }
            executor = arguments[index + 1]
            arguments.removeSubrange(index...(index + 1))
        }
        let only = arguments.first ?? "all"
        guard let repeats = Int(arguments.dropFirst().first ?? "3"), repeats > 0 else {
            usage("the repeat count must be a positive number")
        }
        switch executor {
        case "stock": break
        case "concerto":
            let result = ThreadPool.installAsDefault()
            guard case .installed = result else { usage("\(result)") }
        default: usage("unknown executor \"\(executor)\"")
        }
        let chosen = Workload.all.filter { only == "all" ? !$0.onlyByName : $0.name == only }
        guard !chosen.isEmpty else {
            usage("unknown workload \"\(only)\"; there are: " + Workload.all.map(\.name).joined(separator: " "))
        }
        for workload in chosen where executor == "concerto" || !workload.needsPool {
            for _ in 0..<repeats {
                // Off the main actor: what is measured is the executor under test.
                let result = await Task.detached { await workload.run() }.value
                var line =
                    "{\"runtime\":\"swift-\(executor)\",\"workload\":\"\(workload.name)\",\"ms\":\(fixed(result.milliseconds))"
                for (key, value) in result.extra { line += ",\"\(key)\":\(fixed(value))" }
                write(line + "}\n", to: 1)
            }
        }
    }

    /// Goes on as the program beside this one that counts allocations, which would slow these workloads down.
    static func becomeResilienceBench(_ arguments: [String]) -> Never {
        let own = CommandLine.arguments[0]
        let folder = own.lastIndex(of: "/").map { String(own[...$0]) } ?? ""
        let program = folder + "concerto-bench-resilience"
        var words = ([program] + arguments).map { strdup($0) }
        words.append(nil)
        execvp(program, words)
        usage("cannot run \(program); build it first: swift build -c release")
    }

    static func usage(_ problem: String) -> Never {
        write(
            "concerto-bench: \(problem)\nusage: concerto-bench <workload|all> <repeat> --executor stock|concerto\n",
            to: 2)
        exit(64)
    }

    /// Unbuffered: the lines of a run that is cut short are not lost.
    static func write(_ text: String, to descriptor: CInt) {
        _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    }

    /// Three decimals.
    static func fixed(_ value: Double) -> String {
        let thousandths = Int((value * 1_000).rounded())
        let fraction = String(abs(thousandths) % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.count)
        return (thousandths < 0 ? "-" : "") + "\(abs(thousandths) / 1_000).\(zeros)\(fraction)"
    }
}
