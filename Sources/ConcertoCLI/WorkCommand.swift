#if CLI
import ArgumentParser
import ConcertoBatch
import ConcertoBatchPostgres
import Dispatch
import Foundation

/// `concerto batch work`.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Works on the runs of the store, beside any number of others.",
        discussion: """
            An interrupt lets calls under way finish and gives everything else back; another one ends the process. What a \
            worker holds that was killed is another's when its lease has ended.
            """)

    @OptionGroup(title: "Store") var store: StoreArguments

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Work on this run alone. (default: on all that are open, by priority)", valueName: "run"))
    var only: String?

    @Flag(help: "End when no run is open. (default: wait for the next)")
    var exitWhenIdle = false

    @Option(help: "How long rows stay with a worker that is not heard of: 5s to 1h.")
    var lease = DurationArgument(.seconds(30), "30s")

    @Option(name: .shortAndLong, help: ConcurrencyArgument.help)
    var concurrency = ConcurrencyArgument(.fixed(16), "16")

    @Option(help: "Calls of this worker in flight at a time to one host. (default: no limit)")
    var perHost: Int?

    @Option(
        help: """
            Calls a second (50/s), a minute or an hour of this worker, besides the run's own. (default: no limit)
            """)
    var rate: RateArgument?

    @Option(help: "Memory for rows that wait and answers that come: 64MB, 2GB.")
    var memory = SizeArgument(256_000_000, "256MB")

    @Option(help: "How long calls under way may finish after an interrupt.")
    var grace = DurationArgument(.seconds(30), "30s")

    @Flag(help: "Say nothing but errors.")
    var quiet = false

    func validate() throws {
        guard (Duration.seconds(5)...(.seconds(3600))).contains(lease.value) else {
            throw ValidationError("--lease must be 5s to 1h")
        }
        guard rate?.value.isWeighted != true else {
            throw ValidationError("--rate of a worker counts calls: 50/s, 100/m, 1000/h")
        }
    }

    func run() async throws {
        // A machine may start before its database does.
        try await store.withStore(patience: .seconds(30)) { store in
            let id = "\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString.prefix(8).lowercased())"
            let isQuiet = quiet
            let own = Own(
                concurrency: concurrency, perHost: perHost, rate: rate?.value, memory: memory.value)
            let worker = SharedWorker(
                store: store, name: SharedWorkerName(id: id, host: ProcessInfo.processInfo.hostName), only: only,
                lease: lease.value, exitsWhenIdle: exitWhenIdle, options: { try own.options(for: $0) },
                notice: { if !isQuiet { Terminal.complain("concerto: \($0)") } })
            let grace = grace.value
            let signals = SignalWatch { worker.stop(grace: grace) }
            defer { signals.stop() }
            try await worker.run()
            guard let only else { return }
            let status = try await store.status(of: try await RunArgument.named(only).find(in: store))
            try self.store.tell([status])
        }
    }

    /// What is this worker's own.
    private struct Own: Sendable {
        var concurrency: ConcurrencyArgument
        var perHost: Int?
        var rate: CallRate?
        var memory: Int

        func options(for run: SharedRunOptions) throws -> BatchOptions {
            let submitted: SubmitCommand
            do {
                submitted = try SubmitCommand.parse(run.words)
            } catch {
                throw BatchError(
                    kind: .configuration,
                    description: "this machine can't make the calls of the run: \(SubmitCommand.message(for: error))")
            }
            var options = try submitted.options()
            concurrency.apply(to: &options)
            options.perHost = perHost
            options.rate = rate
            options.memory = memory
            _ = DescriptorLimit.fit(&options)
            let problems = options.problems
            guard problems.isEmpty else {
                throw BatchError(kind: .configuration, description: problems.joined(separator: "; "))
            }
            return options
        }
    }
}

extension RunArgument {
    static func named(_ name: String) throws -> RunArgument { try parse([name]) }
}
#endif
