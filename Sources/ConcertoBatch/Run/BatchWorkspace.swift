#if Batch
import Concerto
import ConcertoHTTP
import Foundation

/// Everything that a run has on disk, opened in the order in which mistakes are cheapest: locks, store, output, plan.
final class BatchWorkspace: Sendable {
    /// What somebody wants to know, or to say, while the input is read.
    struct Watch: Sendable {
        /// Whether the run is to stop; then opening ends with `CancellationError`.
        var isStopped: @Sendable () -> Bool = { false }
        /// Hears how many rows have been read.
        var progress: @Sendable (Int) -> Void = { _ in }
        /// Hears what somebody should know before the first call.
        var notice: @Sendable (String) -> Void = { _ in }
    }

    let ledger: Ledger
    let store: any BatchStore
    let runID: String
    let known: KnownRows
    /// Rows of the input; `nil` for a stream.
    let total: Int?
    /// The numbers of the rows that are to be called; `nil` for all that are not finished.
    let sample: Set<Int>?
    /// Results that the output had lost.
    let lostResults: Int
    private let input: InputFile
    private let checked: FileVersion?
    private let parser: RowParser
    private let shape: InputShape
    private let files: BatchFiles
    private let lock: FileLock?
    private let outputLock: OutputLock?
    private let options: BatchOptions

    /// Whether the input was read before the first call.
    var isPlanned: Bool { total != nil }

    /// What messages call the input.
    var inputName: String { input.name }

    /// Opens what is there or creates what is not.
    ///
    /// - Throws: ``BatchError``. What a new run had created until then is removed: the next try finds a clean place.
    static func open(_ options: BatchOptions, watch: Watch = Watch()) async throws -> BatchWorkspace {
        let input = try InputFile(path: options.input)
        if options.strict, !input.isRewindable {
            throw BatchError.configuration("strict needs an input file: a stream can't be checked before it is read")
        }
        if options.sample != nil, !input.isRewindable {
            throw BatchError.configuration(
                "sample needs an input that can be read twice, and \(input.name) is a pipe or a device: write the rows to a file"
            )
        }
        if options.existing == .resume, !input.isRewindable {
            throw BatchError.configuration(
                "resume needs an input that can be read again, and \(input.name) is a pipe or a device: nobody could tell "
                    + "which of its rows are done; write the rows to a file")
        }
        let files = BatchFiles(options)
        try files.checkPlaces(input: input, failedRows: options.failedRows)
        let lock = try files.store.map { try FileLock(path: $0 + ".lock") }
        try files.checkExisting(options.existing)
        // Before anything of it is removed: another run may write to it, with a store of its own.
        let outputLock = try files.output.map { try OutputLock(path: $0, creates: false) }
        if options.existing == .overwrite { try files.remove() }
        if options.existing != .resume, let path = files.output { try outputLock?.take(path, creates: true) }
        do {
            return try await BatchWorkspace(options, input, files, lock, outputLock, watch)
        } catch {
            // Who stopped it can resume it.
            guard options.existing != .resume, !(error is CancellationError) else { throw error }
            try? files.remove()
            guard var error = error as? BatchError else { throw error }
            error.description = error.description.replacing("make room and resume", with: "make room and start again")
            throw error
        }
    }

    private init(
        _ options: BatchOptions, _ input: InputFile, _ files: BatchFiles, _ lock: FileLock?,
        _ outputLock: OutputLock?, _ watch: Watch
    ) async throws {
        let isResumed = options.existing == .resume
        let store = try SQLiteStore(path: files.store, durable: options.durable)
        let parser = try RowParser(options, key: store.key)
        self.options = options
        var output: any ResultOutput
        var lost = 0
        let recovery = isResumed ? files.output.map { OutputRecovery(path: $0, store: store) } : nil
        if let recovery {
            try await Self.checkOptions(options, store, files.store)
            (output, lost) = try await recovery.open(options)
            try outputLock?.take(recovery.path)
        } else {
            try await store.setOptions(options.identity(key: store.key))
            output = try files.newOutput(options)
        }
        var plan: BatchPlanner.Plan?
        let checked = input.isRewindable ? input.version : nil
        if input.isRewindable {
            let planner = BatchPlanner(
                parser: parser, shape: InputShape(options), store: store, isStrict: options.strict,
                isResumed: isResumed,
                isStopped: watch.isStopped, progress: watch.progress, notice: watch.notice)
            plan = try await planner.plan(input)
        }
        // Only now that nothing can be refused any more.
        if let recovery, options.retriesFailed {
            output = try await recovery.forgetFailures(options)
            try outputLock?.take(recovery.path)
            plan?.known.forgetFailures(includingUnknown: options.repeatRule.repeatsUnsafe)
        }
        self.input = input
        self.checked = checked
        self.parser = parser
        shape = InputShape(options)
        self.store = store
        self.files = files
        self.lock = lock
        self.outputLock = outputLock
        runID = store.runID
        known = plan?.known ?? KnownRows()
        total = plan?.total
        sample = options.sample.flatMap { count in plan.map { $0.known.sample(count, of: $0.total) } }
        lostResults = lost
        ledger = Ledger(store: store, output: output)
    }

    /// The rows, from the first.
    ///
    /// - Parameters:
    ///   - room: Bytes of rows that may be held.
    ///   - share: Rows of one host that may be held before others are set aside.
    func rows(room: Int, share: Int) -> RowSource {
        // Rows of a stream are entered in the store in their order as they come: one that is set aside would keep all that
        // follow from being entered, and called.
        RowSource(
            input: input, shape: shape, parser: parser, limit: total, sample: sample, room: room,
            share: isPlanned ? share : nil,
            checked: checked)
    }

    func close() async throws { try await store.close() }

    /// Writes what is made of the results when a run has ended, however it ended.
    func finish() async throws {
        if options.exports, let path = files.output {
            let export = ResultExport(
                source: try ResultFile(path: path, durable: false), form: options.form,
                selections: options.save == nil ? options.selections.map(\.name) : ["file", "bytes"],
                hasColumns: options.readsColumns, store: store)
            try await files.writeExport(export, options)
        }
        if let path = options.failedRows, isPlanned {
            let rows = FailedRows(input: input, shape: shape, parser: parser, store: store, limit: total ?? 0)
            let left = try await rows.write(to: path, includingUnknown: options.repeatRule.repeatsUnsafe)
            if left > 0 {
                options.notice?(
                    "\(ReportCount.rows(left)) of unknown outcome not in '\(path)': those calls may have taken effect; "
                        + "--retry-unsafe puts them there")
            }
        }
        removeTemporary()
    }

    /// Removes results that nobody goes on with.
    func removeTemporary() { files.removeTemporary() }

    /// Removes what the run has written.
    func removeFiles() { try? files.remove() }

    private static func checkOptions(_ options: BatchOptions, _ store: SQLiteStore, _ path: String?) async throws {
        let before = try await store.options()
        guard !before.isEmpty else {
            throw BatchError.store(
                "the store '\(path ?? "")' holds nothing of the earlier run: it was emptied, or copied without its "
                    + "'-wal' file; put both back, or start anew with --overwrite")
        }
        let changed = options.differences(from: before, key: store.key)
        guard !changed.isEmpty else { return }
        throw BatchError.store(
            "the calls would not be those of the earlier run: \(changed.joined(separator: "; ")); "
                + "use the same options, or start anew with --overwrite")
    }
}

/// The paths of a run.
struct BatchFiles: Sendable {
    /// The file that results go to as they come, if it can be read back.
    let output: String?
    /// The file that is made of them in the end; `nil` for none.
    let export: String?
    /// Whether the results that have come stay for a later run.
    let isKept: Bool
    /// The store; `nil` for a temporary one.
    let store: String?
    /// An output that can only be written to: a device, a pipe.
    private let stream: String?

    init(_ options: BatchOptions) {
        var status = stat()
        let isSpecial =
            options.output.map { stat($0, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) }
            ?? false
        let file = isSpecial ? nil : options.output
        stream = isSpecial ? options.output : nil
        export = options.exports ? file : nil
        isKept = file != nil
        if options.exports {
            let folder = FileManager.default.temporaryDirectory.path
            output = file.map { $0 + ".results" } ?? "\(folder)/concerto-\(UUID().uuidString).results"
        } else {
            output = file
        }
        store = options.store ?? file.map { $0 + ".store" }
    }

    /// Removes results that nobody goes on with.
    func removeTemporary() {
        if !isKept, let output { unlink(output) }
    }

    /// Writes what is made of the results: a file is there as a whole or not at all.
    func writeExport(_ results: ResultExport, _ options: BatchOptions) async throws {
        guard let export else {
            let stream = try openStream()
            return try await results.run { try stream.append($0) }
        }
        let part = export + ".part"
        unlink(part)
        let file = try ResultFile(path: part, durable: true)
        try await results.run { try file.append($0) }
        guard rename(part, export) == 0 else {
            throw BatchError.store("the output '\(export)' can't be written: \(SystemError(errno))")
        }
    }

    /// - Throws: ``BatchError`` if a file can't stand where it should.
    func checkPlaces(input: InputFile, failedRows: String?) throws {
        // What is written beside something is renamed to it, or goes with it.
        let parts = [export, failedRows].compactMap { $0.map { $0 + ".part" } }
        let places = stores + [output, export, failedRows].compactMap { $0 } + parts
        if let file = input.file, let place = places.first(where: { FileIdentity(path: $0) == file }) {
            throw BatchError.configuration("'\(place)' is the input; write to another file")
        }
        for (index, place) in places.enumerated() {
            guard let other = places[..<index].first(where: { Self.areOne($0, place) }) else { continue }
            throw BatchError.configuration(
                "'\(place)' and '\(other)' are one file; output, store and failed rows need one each")
        }
        for (what, path) in [("output", export ?? output), ("store", store), ("file of failed rows", failedRows)] {
            guard let path, let problem = Self.problem(with: path) else { continue }
            throw BatchError.configuration("the \(what) '\(path)' can't be written: \(problem)")
        }
    }

    private static func areOne(_ first: String, _ second: String) -> Bool {
        if let identity = FileIdentity(path: first) { return identity == FileIdentity(path: second) }
        return URL(fileURLWithPath: first).standardizedFileURL == URL(fileURLWithPath: second).standardizedFileURL
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
        let there = [export, output, store].compactMap { $0 }.filter(FileManager.default.fileExists)
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
            if let export, there.contains(export), !there.contains(output) {
                throw BatchError.store(
                    "the earlier run wrote its results to '\(export)' as they came, and --ordered or a table wants them in "
                        + "the input's order; leave that out, or start anew with --overwrite")
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
        for path in stores + [output, export].compactMap({ $0 }) where unlink(path) != 0 && errno != ENOENT {
            throw BatchError.configuration("'\(path)' can't be removed: \(SystemError(errno))")
        }
    }

    func newOutput(_ options: BatchOptions) throws -> any ResultOutput {
        if let output { return try ResultFile(path: output, durable: options.durable) }
        return try openStream()
    }

    private func openStream() throws -> ResultStream {
        guard let stream else { return ResultStream(descriptor: STDOUT_FILENO, name: "standard output") }
        let descriptor = Foundation.open(stream, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw BatchError.configuration("the output '\(stream)' can't be written: \(SystemError(errno))")
        }
        return ResultStream(descriptor: descriptor, name: "the output '\(stream)'")
    }
}
#endif
