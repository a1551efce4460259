public import Concerto

extension AsyncSequence where Element: Collection<UInt8> {
    /// The lines of a stream of bytes in pieces, as text.
    ///
    /// Where the pieces are cut does not matter. See ``LineSplitter`` for what a line is.
    /// - Cancellation: is the source's.
    /// - Where it runs: on the caller's executor.
    /// - Allocates: a line and a piece.
    /// - Parameters:
    ///   - separator: What ends a line.
    ///   - limit: How many bytes a line may have.
    ///   - invalidText: What happens where a line is no UTF-8.
    /// - Throws: `ArgumentError` if `limit` is below 1; while it is read ``LineTooLongError`` and
    ///   ``InvalidTextError``.
    public func textLines(
        separator: LineSeparator = .lineFeed, limit: Int = 16 << 20, invalidText: InvalidText = .repair
    ) throws(ArgumentError) -> LineSequence<Self, String> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return LineSequence(base: self, separator: separator, limit: limit) { line, number, offset in
            try text(line, invalidText, line: number, offset: offset)
        }
    }

    /// The lines of a stream of bytes in pieces, as bytes; see `textLines(separator:limit:invalidText:)`.
    ///
    /// A line is a slice of the stream's own memory. Whoever keeps it makes the stream copy that once.
    public func byteLines(
        separator: LineSeparator = .lineFeed, limit: Int = 16 << 20
    ) throws(ArgumentError) -> LineSequence<Self, ArraySlice<UInt8>> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        return LineSequence(base: self, separator: separator, limit: limit) { line, _, _ in line }
    }
}

/// The lines of a stream of bytes; made by `textLines(separator:limit:invalidText:)`.
public struct LineSequence<Base: AsyncSequence, Line>: AsyncSequence where Base.Element: Collection<UInt8> {
    /// A line.
    public typealias Element = Line
    /// What the source throws, ``LineTooLongError`` or ``InvalidTextError``.
    public typealias Failure = any Error

    let base: Base
    let separator: LineSeparator
    let limit: Int
    let make: @Sendable (ArraySlice<UInt8>, _ line: Int, _ offset: Int) throws -> Line

    /// Starts to read the source.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            base: base.makeAsyncIterator(), splitter: LineSplitter(separator: separator, limit: limit), make: make)
    }

    /// Yields the lines.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator
        var splitter: LineSplitter
        let make: (ArraySlice<UInt8>, _ line: Int, _ offset: Int) throws -> Line
        var isThrough = false
        var hasEnded = false

        /// The next line.
        public mutating func next() async throws -> Line? { try await next(isolation: nil) }

        /// The next line.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Line? {
            if isThrough { return nil }
            do {
                while true {
                    let offset = splitter.offset
                    if let line = try hasEnded ? splitter.finish() : splitter.next() {
                        return try make(line, splitter.lineNumber, offset)
                    }
                    if hasEnded {
                        isThrough = true
                        return nil
                    }
                    if let piece = try await base.next(isolation: actor) {
                        splitter.append(piece)
                    } else {
                        hasEnded = true
                    }
                }
            } catch {
                isThrough = true
                throw error
            }
        }
    }
}

extension LineSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension LineSequence.AsyncIterator: Sendable {}
