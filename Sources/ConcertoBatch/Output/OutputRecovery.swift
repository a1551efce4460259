#if Batch
import ConcertoHTTP
import Foundation

/// What a line of the output says about its row.
private struct ResultLine {
    var key: String
    var isSuccess: Bool
    var isAnswered: Bool

    /// The row's state, if the store called it `state` when the run ended. A call under way that must not be repeated
    /// and that got no answer may have taken effect.
    func adopted(from state: RowState) -> StateChange {
        StateChange(key: key, state: isSuccess ? .succeeded : state == .inFlight && !isAnswered ? .unknown : .failed)
    }
}

/// Brings output and store of an interrupted run together again.
///
/// Behind the length that the store knows stand the lines that were written but not committed when the run ended. A
/// whole line there is a result like any other, so its row is entered as finished rather than called again. A torn
/// line, and whatever follows it, is cut off.
struct OutputRecovery {
    var path: String
    var store: any BatchStore

    private static let batchSize = 1_000

    /// - Returns: The output, and how many results of earlier runs it had lost.
    /// - Throws: ``BatchError`` if the output is not the one that the store knows.
    func open(_ options: BatchOptions) async throws -> (file: ResultFile, lost: Int) {
        let rewritten = path + ".rewrite"
        if try await store.awaitsRewrite() { try await replaceOutput(by: rewritten) }
        unlink(rewritten)
        let file = try ResultFile(path: path, durable: options.durable)
        guard try await isAsCommitted(file) else { return (file, try await mend(file)) }
        try await adoptTail(of: file)
        return (file, 0)
    }

    /// Whether the output still has, as far as the store knows it, a line for each finished row, and ends with one there.
    ///
    /// A power cut may take the last bytes, an editor may convert line ends: then the length alone says nothing.
    private func isAsCommitted(_ file: ResultFile) async throws -> Bool {
        let length = try await store.outputLength()
        guard file.length >= length else { return false }
        let (lines, last) = try file.lineBreaks(upTo: length)
        let finished = try await store.finishedRows()
        return (length == 0 || last == UInt8(ascii: "\n")) && lines == finished
    }

    /// Reads the whole output: lines of rows that the store knows stay, what a crash has left behind them is cut off, and
    /// finished rows that have no line any more are rows in flight again, to be called if they may be.
    ///
    /// - Throws: ``BatchError`` if something else than the end is missing, or if nothing is left.
    private func mend(_ file: ResultFile) async throws -> Int {
        var (reader, close) = try file.lines(from: 0)
        defer { close() }
        var (length, strange) = (Int64(0), nil as Int?)
        var lines: [(line: ResultLine, end: Int64)] = []
        // Written down at the end: what is refused stays as it is.
        var adopted: [StateChange] = []
        func take() async throws {
            let isNew = try await store.markSeen(lines.map(\.line.key))
            if let index = isNew.firstIndex(of: false) {
                throw changed(
                    "line \(reader.lineNumber - lines.count + index + 1) of it is none of that run's, or stands twice")
            }
            let states = try await store.states(of: lines.map(\.line.key))
            for case (let entry, let state?) in zip(lines, states) where !state.isFinished {
                adopted.append(entry.line.adopted(from: state))
            }
            length = lines.last?.end ?? length
            lines.removeAll(keepingCapacity: true)
        }
        while let line = try reader.next() {
            guard let result = Self.change(from: line) else {
                strange = strange ?? reader.lineNumber
                continue
            }
            if let strange { throw changed("line \(strange) of it is no result") }
            lines.append((result, reader.offset))
            if lines.count == Self.batchSize { try await take() }
        }
        try await take()
        guard length > 0 else { throw changed("it holds no result any more") }
        try file.truncate(to: length)
        // The last line may have lost its line break alone.
        if try file.lineBreaks(upTo: length).last != UInt8(ascii: "\n") {
            try file.append([UInt8(ascii: "\n")])
            length += 1
        }
        try await store.commit(adopted, outputLength: length)
        return try await store.reopenUnseen(outputLength: length)
    }

    private func changed(_ what: String) -> BatchError {
        .store(
            "the output '\(path)' is not the one that the earlier run wrote: \(what); "
                + "put it back, or start anew with --overwrite")
    }

    /// Makes failed rows pending again and takes their lines out of the output.
    ///
    /// - Returns: The output that remains; one that was open before is no longer it.
    func forgetFailures(_ options: BatchOptions) async throws -> ResultFile {
        let rewritten = path + ".rewrite"
        let includesUnknown = options.repeatRule.repeatsUnsafe
        let file = try ResultFile(path: path, durable: false)
        let length = try await copy(file, to: rewritten, forgettingUnknown: includesUnknown)
        try await store.forgetFailures(includingUnknown: includesUnknown, outputLength: length)
        try await replaceOutput(by: rewritten)
        return try ResultFile(path: path, durable: options.durable)
    }

    private func adoptTail(of file: ResultFile) async throws {
        var length = try await store.outputLength()
        var (reader, close) = try file.lines(from: length)
        defer { close() }
        var changes: [StateChange] = []
        while let line = try reader.next() {
            guard length + Int64(line.count) < file.length, let change = Self.change(from: line),
                let state = try await store.states(of: [change.key])[0], !state.isFinished
            else { break }
            changes.append(change.adopted(from: state))
            length += Int64(line.count) + 1
        }
        try file.truncate(to: length)
        try await store.commit(changes, outputLength: length)
    }

    /// What a line says about its row, or `nil` if it is none of ours.
    private static func change(from line: ArraySlice<UInt8>) -> ResultLine? {
        let bytes = Array(line)
        return bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard let members = try? scanner.members(of: bytes), scanner.peek() == nil,
                let id = members.first(where: { $0.key == "id" })?.value,
                let error = members.first(where: { $0.key == "error" })?.value
            else { return nil }
            return ResultLine(
                key: id.idKey, isSuccess: error.text == "null",
                isAnswered: members.contains { $0.key == "status" && $0.value.text != "null" })
        }
    }

    /// Copies the lines of rows that stay finished; returns the length of the copy.
    private func copy(_ file: ResultFile, to path: String, forgettingUnknown: Bool) async throws -> Int64 {
        let copy = try ResultFile(path: path, durable: true)
        var (reader, close) = try file.lines(from: 0)
        defer { close() }
        var batch: [(key: String, line: [UInt8])] = []
        func write() async throws {
            let states = try await store.states(of: batch.map(\.key))
            let kept = zip(batch, states).filter { $1 != .failed && !(forgettingUnknown && $1 == .unknown) }
            try copy.append(kept.flatMap { $0.0.line })
            batch.removeAll(keepingCapacity: true)
        }
        while let line = try reader.next() {
            guard let change = Self.change(from: line) else {
                throw BatchError.store(
                    "line \(reader.lineNumber) of the output '\(file.path)' is not as it was written; "
                        + "put it back, or start anew with --overwrite")
            }
            batch.append((change.key, Array(line) + [UInt8(ascii: "\n")]))
            if batch.count == Self.batchSize { try await write() }
        }
        try await write()
        return copy.length
    }

    /// The store has the length of the new output already: a crash before the rename is made good by the next resume.
    private func replaceOutput(by rewritten: String) async throws {
        if rename(rewritten, path) != 0, errno != ENOENT {
            throw BatchError.store("the output '\(path)' can't be replaced: \(SystemError(errno))")
        }
        try await store.outputIsRewritten()
    }
}
#endif
