#if Batch
import Concerto
import ConcertoHTTP
import Foundation

/// Everything that a run has on disk, opened in the order in which mistakes are cheapest: lock, store, output, plan.
final class BatchWorkspace: Sendable {
    let ledger: Ledger
    let runID: String
    let known: KnownRows
    /// Rows of the input; `nil` for a stream.
    let total: Int?
    private let input: InputFile
    private let parser: RowParser
    private let store: any BatchStore
    private let lock: FileLock?

    var alreadyFinished: Int { known.finished }

    /// Whether the input was read before the first call.
    var isPlanned: Bool { total != nil }

    /// Opens what is there or creates what is not.
    ///
    /// - Parameter isStopped: Whether somebody has asked the run to stop; then this ends with `CancellationError`.
    /// - Throws: ``BatchError``. What a new run had created until then is removed: the next try finds a clean place.
    static func open(
        _ options: BatchOptions, isStopped: @escaping @Sendable () -> Bool = { false }
    ) async throws -> BatchWorkspace {
        let input = try InputFile(path: options.input)
        if options.strict, !input.isRewindable {
            throw BatchError.configuration("strict needs an input file: a stream can't be checked before it is read")
        }
        let files = BatchFiles(options)
        try files.checkPlaces(input: input)
        let lock = try files.store.map { try FileLock(path: $0 + ".lock") }
        try files.checkExisting(options.existing)
        if options.existing == .overwrite { try files.remove() }
        do {
            return try await BatchWorkspace(options, input, files, lock, isStopped: isStopped)
        } catch {
            // Who stopped it can resume it.
            if options.existing != .resume, !(error is CancellationError) { try? files.remove() }
            throw error
        }
    }

    private init(
        _ options: BatchOptions, _ input: InputFile, _ files: BatchFiles, _ lock: FileLock?,
        isStopped: @escaping @Sendable () -> Bool
    ) async throws {
        let isResumed = options.existing == .resume
        let parser = RowParser(substitution: options.substitution, secretHeaders: options.hiddenHeaders)
        // The output first: a path that can't be written is the likelier mistake.
        if !isResumed, let path = files.output { _ = try ResultFile(path: path, durable: false) }
        let store = try SQLiteStore(path: files.store, durable: options.durable)
        var output: any ResultOutput
        let recovery = isResumed ? files.output.map { OutputRecovery(path: $0, store: store) } : nil
        if let recovery {
            try await Self.checkOptions(options, store)
            output = try await recovery.open(options)
        } else {
            try await store.setOptions(options.identity)
            output = try files.newOutput(options)
        }
        var plan: BatchPlanner.Plan?
        if input.isRewindable {
            let planner = BatchPlanner(
                parser: parser, store: store, isStrict: options.strict, isResumed: isResumed, isStopped: isStopped)
            plan = try await planner.plan(input)
        }
        // Only now that nothing can be refused any more.
        if let recovery, options.retriesFailed {
            output = try await recovery.forgetFailures(options)
            plan?.known.forgetFailures(includingUnknown: options.repeatRule.repeatsUnsafe)
        }
        self.input = input
        self.parser = parser
        self.store = store
        self.lock = lock
        runID = store.runID
        known = plan?.known ?? KnownRows()
        total = plan?.total
        ledger = Ledger(store: store, output: output)
    }

    /// The rows, from the first.
    func rows() -> RowSource { RowSource(input: input, parser: parser, limit: total) }

    func close() async throws { try await store.close() }

    private static func checkOptions(_ options: BatchOptions, _ store: some BatchStore) async throws {
        let (before, now) = (try await store.options(), options.identity)
        let changed = Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted()
        guard !changed.isEmpty else { return }
        let list = changed.map { name in
            func shown(_ value: String?) -> String {
                value.map { "'\($0.dropLast($0.last == "\n" ? 1 : 0))'" } ?? "none"
            }
            return "\(name) was \(shown(before[name])) and is \(shown(now[name]))"
        }
        throw BatchError.store(
            "the calls would not be those of the earlier run: \(list.joined(separator: "; ")); "
                + "use the same options, or start anew with --overwrite")
    }
}

/// The paths of a run.
struct BatchFiles: Sendable {
    /// The output, if it is a file that can be continued.
    let output: String?
    /// The store; `nil` for a temporary one.
    let store: String?
    /// An output that can only be written to: a device, a pipe.
    private let stream: String?

    init(_ options: BatchOptions) {
        var status = stat()
        let isSpecial =
            options.output.map { stat($0, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) }
            ?? false
        output = isSpecial ? nil : options.output
        stream = isSpecial ? options.output : nil
        store = options.store ?? output.map { $0 + ".store" }
    }

    /// - Throws: ``BatchError`` if a file can't stand where it should.
    func checkPlaces(input: InputFile) throws {
        if let output, let store {
            let areOne = FileIdentity(path: output).map { $0 == FileIdentity(path: store) } ?? (output == store)
            if areOne { throw BatchError.configuration("the output and the store must not be one file") }
        }
        let places = stores + [output].compactMap { $0 }
        if let file = input.file, let place = places.first(where: { FileIdentity(path: $0) == file }) {
            throw BatchError.configuration("'\(place)' is the input; write to another file")
        }
        for (what, path) in [("output", output), ("store", store)] {
            guard let path, let problem = Self.problem(with: path) else { continue }
            throw BatchError.configuration("the \(what) '\(path)' can't be written: \(problem)")
        }
    }

    private static func problem(with path: String) -> String? {
        let files = FileManager.default
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            return "there is no folder '\(folder)'"
        }
        guard files.isWritableFile(atPath: folder) else { return "the folder '\(folder)' is not writable" }
        return files.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue ? "it is a folder" : nil
    }

    func checkExisting(_ existing: BatchOptions.Existing) throws {
        let there = [output, store].compactMap { $0 }.filter(FileManager.default.fileExists)
        switch existing {
        case .overwrite: break
        case .refuse:
            guard let first = there.first else { break }
            throw BatchError.store("'\(first)' is there already; go on with --resume, or start anew with --overwrite")
        case .resume:
            guard let store, let output else {
                throw BatchError.configuration("resume needs an output file that can be read back")
            }
            guard there.contains(store) else {
                throw BatchError.store("there is nothing to resume: no store at '\(store)'")
            }
            guard there.contains(output) else {
                throw BatchError.store("the output '\(output)' of the earlier run is gone; start anew with --overwrite")
            }
        }
    }

    /// The store's file and those that SQLite puts beside it.
    private var stores: [String] { store.map { [$0, $0 + "-wal", $0 + "-shm"] } ?? [] }

    /// Removes output and store.
    func remove() throws {
        for path in stores + [output].compactMap({ $0 }) where unlink(path) != 0 && errno != ENOENT {
            throw BatchError.configuration("'\(path)' can't be removed: \(SystemError(errno))")
        }
    }

    func newOutput(_ options: BatchOptions) throws -> any ResultOutput {
        if let output { return try ResultFile(path: output, durable: options.durable) }
        guard let stream else { return ResultStream(descriptor: STDOUT_FILENO, name: "standard output") }
        let descriptor = Foundation.open(stream, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw BatchError.configuration("the output '\(stream)' can't be written: \(SystemError(errno))")
        }
        return ResultStream(descriptor: descriptor, name: "the output '\(stream)'")
    }
}
#endif
