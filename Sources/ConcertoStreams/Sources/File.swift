public import Concerto
import ConcertoRuntime

/// A file to read as a stream: in pieces or in lines.
///
/// ```swift
/// for try await line in try File("calls.ndjson").lines() { … }
/// ```
///
/// Works for whatever can be read in order: regular files of any size in constant memory, FIFOs, terminals, `/proc`. Each
/// iteration opens the file anew, at its first `next`, and closes it when it ends or is left.
///
/// - Cancellation: ends a wait for a FIFO at once, and any other read when it is over.
/// - Where it runs: reads of regular files on the caller's thread, declared as blocking; a FIFO or the like is waited for
///   without a thread.
/// - Allocates: the piece or the line, and twice the size of a piece.
public struct File: Sendable, Hashable {
    /// Where it is.
    public let path: String

    /// Names a file; nothing is opened.
    public init(_ path: String) { self.path = path }

    /// The bytes, in pieces of `count` at most. A piece may be shorter anywhere: where it ends means nothing.
    ///
    /// - Throws: `ArgumentError` if `count` is below 1; while it is read ``FileError``.
    public func chunks(of count: Int = 64 << 10) throws(ArgumentError) -> FileChunks {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        return FileChunks(path: path, count: count)
    }

    /// The lines as text; see ``LineSplitter`` for what a line is.
    ///
    /// - Parameters:
    ///   - separator: What ends a line.
    ///   - limit: How many bytes a line may have.
    ///   - invalidText: What happens where a line is no UTF-8.
    /// - Throws: `ArgumentError` if `limit` is below 1; while it is read ``FileError``, ``LineTooLongError`` and
    ///   ``InvalidTextError``.
    public func lines(
        separator: LineSeparator = .lineFeed, limit: Int = 16 << 20, invalidText: InvalidText = .repair
    ) throws(ArgumentError) -> FileLines<String> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return FileLines(path: path, separator: separator, limit: limit) { line, number, offset in
            try text(line, invalidText, line: number, offset: offset)
        }
    }

    /// The lines as bytes: slices of the stream's own memory, which copies once for one that is kept.
    public func byteLines(
        separator: LineSeparator = .lineFeed, limit: Int = 16 << 20
    ) throws(ArgumentError) -> FileLines<ArraySlice<UInt8>> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return FileLines(path: path, separator: separator, limit: limit) { line, _, _ in line }
    }
}

/// The bytes of a file; made by ``File/chunks(of:)``.
public struct FileChunks: AsyncSequence, Sendable {
    /// A piece.
    public typealias Element = [UInt8]
    /// ``FileError`` or `CancellationError`.
    public typealias Failure = any Error

    let path: String
    let count: Int

    /// Opens the file with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, count: count) }

    /// Yields the pieces.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let path: String
        let count: Int
        var reader: FileReader?
        var isThrough = false

        init(path: String, count: Int) {
            self.path = path
            self.count = count
        }

        /// The next piece.
        public mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }

        /// The next piece.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> [UInt8]? {
            if isThrough { return nil }
            do {
                if isCurrentTaskCancelled() { throw CancellationError() }
                let reader = try self.reader ?? FileReader(path: path)
                self.reader = reader
                while true {
                    try await reader.waitUntilReady()
                    var failure: FileError?
                    var isEmpty = false
                    let piece = [UInt8](unsafeUninitializedCapacity: count) { memory, size in
                        switch reader.read(into: UnsafeMutableRawBufferPointer(memory)) {
                        case .success(let got?): size = got
                        case .success(nil): isEmpty = true
                        case .failure(let error): failure = error
                        }
                    }
                    if let failure { throw failure }
                    if isEmpty { continue }
                    if piece.isEmpty { break }
                    return piece
                }
            } catch {
                end()
                throw error
            }
            end()
            return nil
        }

        private mutating func end() {
            isThrough = true
            reader = nil
        }
    }
}

@available(*, unavailable)
extension FileChunks.AsyncIterator: Sendable {}

/// The lines of a file; made by ``File/lines(separator:limit:invalidText:)``.
public struct FileLines<Line>: AsyncSequence, Sendable {
    /// A line.
    public typealias Element = Line
    /// ``FileError``, ``LineTooLongError``, ``InvalidTextError`` or `CancellationError`.
    public typealias Failure = any Error

    let path: String
    let separator: LineSeparator
    let limit: Int
    let make: @Sendable (ArraySlice<UInt8>, _ line: Int, _ offset: Int) throws -> Line

    /// Opens the file with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields the lines.
    public struct AsyncIterator: AsyncIteratorProtocol {
        static var pieceSize: Int { 64 << 10 }

        let lines: FileLines
        var splitter: LineSplitter
        var reader: FileReader?
        var hasEnded = false
        var isThrough = false

        init(_ lines: FileLines) {
            self.lines = lines
            splitter = LineSplitter(separator: lines.separator, limit: lines.limit)
        }

        /// The next line.
        public mutating func next() async throws -> Line? { try await next(isolation: nil) }

        /// The next line.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Line? {
            if isThrough { return nil }
            do {
                while true {
                    let offset = splitter.offset
                    if let line = try hasEnded ? splitter.finish() : splitter.next() {
                        return try lines.make(line, splitter.lineNumber, offset)
                    }
                    if hasEnded { break }
                    try await fill()
                }
            } catch {
                end()
                throw error
            }
            end()
            return nil
        }

        private mutating func end() {
            isThrough = true
            reader = nil
        }

        nonisolated(nonsending)
            private mutating func fill() async throws
        {
            if isCurrentTaskCancelled() { throw CancellationError() }
            let reader = try self.reader ?? FileReader(path: lines.path)
            self.reader = reader
            while true {
                try await reader.waitUntilReady()
                var failure: FileError?
                var isEmpty = false
                let count = splitter.append(upTo: Self.pieceSize) { memory in
                    switch reader.read(into: memory) {
                    case .success(let got?): return got
                    case .success(nil):
                        isEmpty = true
                        return 0
                    case .failure(let error):
                        failure = error
                        return 0
                    }
                }
                if let failure { throw failure }
                if isEmpty { continue }
                hasEnded = count == 0
                return
            }
        }
    }
}

@available(*, unavailable)
extension FileLines.AsyncIterator: Sendable {}
