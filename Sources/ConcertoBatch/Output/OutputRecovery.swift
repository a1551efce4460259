#if Batch
import ConcertoHTTP
import Foundation

/// Brings output and store of an interrupted run together again.
///
/// Behind the length that the store knows stand the lines that were written but not committed when the run ended. A
/// whole line there is a result like any other, so its row is entered as finished rather than called again. A torn
/// line, and whatever follows it, is cut off.
struct OutputRecovery {
    var path: String
    var store: any BatchStore

    private static let batchSize = 1_000

    /// - Throws: ``BatchError`` if the output is not the one that the store knows.
    func open(_ options: BatchOptions) async throws -> ResultFile {
        let rewritten = path + ".rewrite"
        if try await store.awaitsRewrite() { try await replaceOutput(by: rewritten) }
        unlink(rewritten)
        var file = try ResultFile(path: path, durable: options.durable)
        try await adoptTail(of: file)
        guard options.retriesFailed else { return file }
        let includesUnknown = options.repeatRule.repeatsUnsafe
        let length = try await copy(file, to: rewritten, forgettingUnknown: includesUnknown)
        try await store.forgetFailures(includingUnknown: includesUnknown, outputLength: length)
        try await replaceOutput(by: rewritten)
        file = try ResultFile(path: path, durable: options.durable)
        return file
    }

    private func adoptTail(of file: ResultFile) async throws {
        var length = try await store.outputLength()
        guard file.length >= length else {
            throw BatchError.store(
                "the output '\(path)' has \(file.length) bytes, but the earlier run wrote \(length): it is another "
                    + "file, or was changed; put it back, or start anew with --overwrite")
        }
        var (reader, close) = try file.lines(from: length)
        defer { close() }
        var changes: [StateChange] = []
        while let line = try reader.next() {
            guard length + Int64(line.count) < file.length, let change = Self.change(from: line),
                let state = try await store.states(of: [change.key])[0], !state.isFinished
            else { break }
            changes.append(change)
            length += Int64(line.count) + 1
        }
        try file.truncate(to: length)
        try await store.commit(changes, outputLength: length)
    }

    /// What a line says about its row, or `nil` if it is none of ours.
    private static func change(from line: ArraySlice<UInt8>) -> StateChange? {
        let bytes = Array(line)
        return bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            guard let members = try? scanner.members(of: bytes), scanner.peek() == nil,
                let id = members.first(where: { $0.key == "id" })?.value,
                let error = members.first(where: { $0.key == "error" })?.value
            else { return nil }
            return StateChange(key: id.stringValue ?? id.text, state: error.text == "null" ? .succeeded : .failed)
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
