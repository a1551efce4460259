#if CLI
import ArgumentParser
import Concerto
import ConcertoBatch
import ConcertoBatchPostgres
import Foundation

/// `concerto batch submit`, `work`, …: runs that many machines work on. A word behind `batch` that is one of these is taken for
/// the command; a file of that name is `./submit`.
struct SharedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concerto batch",
        abstract: "Runs that many machines work on, from a PostgreSQL database.",
        subcommands: [
            SubmitCommand.self, WorkCommand.self, StatusCommand.self, PauseCommand.self, ResumeRunCommand.self,
            CancelCommand.self, RetryCommand.self, ExportCommand.self, DropCommand.self, MigrateCommand.self,
        ])

    /// Whether these words are one of these commands.
    static func isMeant(by words: [String]) -> Bool {
        let names = configuration.subcommands.compactMap { $0.configuration.commandName }
        return words.count >= 2 && words[0] == "batch" && names.contains(words[1])
    }

    /// The command that these words are.
    static func command(of words: [String]) throws -> any ParsableCommand {
        try parseAsRoot(Array(words.dropFirst()))
    }
}

/// Where the store is.
struct StoreArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The database: postgres://user@host/name, or words as libpq has them. (default: CONCERTO_STORE)",
            discussion: "Passwords belong into PGPASSWORD or ~/.pgpass.", valueName: "connection"))
    var store: String?

    @Option(help: "The schema in which the tables stand.")
    var schema = "concerto"

    @Flag(help: "Write what there is to say as JSON to standard output.")
    var json = false

    private func open(patience: Duration) throws -> PostgresStore {
        guard let place = store ?? ProcessInfo.processInfo.environment["CONCERTO_STORE"] else {
            throw ValidationError("--store is missing: say which database, such as --store postgres://user@host/name")
        }
        do {
            return try PostgresStore(place, schema: schema, patience: patience)
        } catch {
            throw ValidationError("--store: \(error)")
        }
    }

    /// Runs `body` with the store, which is checked first.
    ///
    /// - Parameter patience: How long a database that is away is tried again; somebody who waits for an answer hears at once.
    func withStore<Value>(
        migrates: Bool = false, patience: Duration = .zero, _ body: (PostgresStore) async throws -> Value
    ) async throws -> Value {
        let store = try open(patience: patience)
        do {
            if migrates { try await store.migrate() } else { try await store.checkSchema() }
            let value = try await body(store)
            await store.close()
            return value
        } catch let away as SharedStoreAway {
            await store.close()
            throw BatchError(kind: .store, description: away.description)
        } catch {
            await store.close()
            throw error
        }
    }

    /// Says how a run is, or runs are.
    func tell(_ runs: [SharedRunStatus]) throws {
        guard json else {
            for status in runs { print(Self.text(of: status)) }
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        for status in runs { print(String(decoding: try encoder.encode(RunView(status)), as: UTF8.self)) }
    }

    private static func text(of status: SharedRunStatus) -> String {
        let done = status.succeeded + status.failed
        var text = "\(status.run.name): \(status.run.state), \(done) of \(status.run.rows) rows"
        if status.failed > 0 { text += ", \(status.failed) of them failed" }
        for worker in status.workers {
            text +=
                "\n  \(worker.name.host) \(worker.name.id): "
                + "\(worker.chunks) \(worker.chunks == 1 ? "chunk" : "chunks"), heard of \(Int(worker.silence)) s ago"
        }
        return text
    }
}

/// A run as `--json` shows it.
private struct RunView: Encodable {
    struct Worker: Encodable {
        var id: String
        var host: String
        var silence: Double
        var chunks: Int
    }

    var name: String
    var state: String
    var priority: Int
    var rows: Int
    var succeeded: Int
    var failed: Int
    var chunks: Int
    var finishedChunks: Int
    var age: Double
    var workers: [Worker]

    init(_ status: SharedRunStatus) {
        (name, state, priority) = (status.run.name, "\(status.run.state)", status.run.priority)
        (rows, succeeded, failed) = (status.run.rows, status.succeeded, status.failed)
        (chunks, finishedChunks, age) = (status.chunks, status.finishedChunks, status.age)
        workers = status.workers.map {
            Worker(id: $0.name.id, host: $0.name.host, silence: $0.silence, chunks: $0.chunks)
        }
    }

    enum CodingKeys: String, CodingKey {
        case name, state, priority, rows, succeeded, failed, chunks, workers
        case finishedChunks = "finished_chunks"
        case age = "age_seconds"
    }
}

/// The run that a command is about.
struct RunArgument: ParsableArguments {
    @Argument(help: "The run's name.")
    var run: String

    func find(in store: PostgresStore) async throws -> SharedRun {
        let runs = try await store.runs()
        if let found = runs.first(where: { $0.name == run }) { return found }
        let names = runs.prefix(10).map(\.name).joined(separator: ", ")
        throw BatchError(
            kind: .configuration,
            description: "the store has no run '\(run)'" + (names.isEmpty ? "" : "; it has \(names)"))
    }
}

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Creates the store's tables, or brings them to this version.")
    @OptionGroup var store: StoreArguments

    func run() async throws { try await store.withStore(migrates: true) { _ in } }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says how far a run is, or all are.")
    @OptionGroup var store: StoreArguments
    @Argument(help: "The run's name. (default: all of them)") var name: String?

    func run() async throws {
        try await store.withStore { store in
            let all = try await store.runs()
            if let name, !all.contains(where: { $0.name == name }) {
                throw BatchError(kind: .configuration, description: "the store has no run '\(name)'")
            }
            var statuses: [SharedRunStatus] = []
            for found in all where name == nil || found.name == name {
                statuses.append(try await store.status(of: found))
            }
            try self.store.tell(statuses)
        }
    }
}

/// What changes a run and then says how it is.
private func change(
    _ name: RunArgument, _ arguments: StoreArguments, _ body: (PostgresStore, SharedRun) async throws -> Void
) async throws {
    try await arguments.withStore { store in
        try await body(store, try await name.find(in: store))
        try arguments.tell([try await store.status(of: try await name.find(in: store))])
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Lets calls under way finish, and begins no others until resume.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    func run() async throws { try await change(name, store) { try await $0.change($1, to: .paused) } }
}

struct ResumeRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Goes on with a run that was paused or cancelled.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    func run() async throws { try await change(name, store) { try await $0.change($1, to: .open) } }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Lets calls under way finish, and ends the run; its results stay.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    func run() async throws { try await change(name, store) { try await $0.change($1, to: .cancelled) } }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Forgets the results of failed rows, so that they are called again.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    @Flag(help: "Also rows whose outcome is not known: their calls may take effect twice.")
    var retryUnsafe = false
    func run() async throws {
        try await change(name, store) { _ = try await $0.retry($1, includingUnknown: retryUnsafe) }
    }
}

struct DropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Removes a run with its rows and results.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    func run() async throws {
        try await store.withStore { store in try await store.drop(try await name.find(in: store)) }
    }
}

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes the results, a line of JSON each, in the order of the rows.")
    @OptionGroup var store: StoreArguments
    @OptionGroup var name: RunArgument
    @Option(name: .shortAndLong, help: "Write to this file instead of standard output.", completion: .file())
    var output: String?

    func run() async throws {
        try await store.withStore { store in
            let run = try await name.find(in: store)
            guard let output else {
                let lines = ExportFile(.standardOutput)
                try await store.export(run) { try lines.add($0) }
                return try lines.flush()
            }
            // There as a whole or not at all.
            let part = output + ".part"
            guard FileManager.default.createFile(atPath: part, contents: nil),
                let file = FileHandle(forWritingAtPath: part)
            else { throw BatchError(kind: .configuration, description: "'\(output)' can't be written") }
            let lines = ExportFile(file)
            try await store.export(run) { try lines.add($0) }
            try lines.flush()
            try withBlocking { try file.synchronize() }
            try file.close()
            guard rename(part, output) == 0 else {
                throw BatchError(kind: .configuration, description: "'\(output)' can't be written")
            }
        }
    }
}

/// Writes lines many at a time.
private final class ExportFile: Sendable {
    private static let piece = 256 << 10
    private let file: FileHandle
    private let buffer = Guarded<[UInt8]>([])

    init(_ file: FileHandle) { self.file = file }

    func add(_ line: [UInt8]) throws {
        let isFull = buffer.withLock { buffer in
            buffer += line
            return buffer.count >= Self.piece
        }
        if isFull { try flush() }
    }

    func flush() throws {
        let bytes = buffer.withLock { buffer in
            defer { buffer = [] }
            return buffer
        }
        do { try withBlocking { try file.write(contentsOf: bytes) } } catch {
            throw BatchError(kind: .store, description: "the output can't be written: \(error.localizedDescription)")
        }
    }
}
#endif
