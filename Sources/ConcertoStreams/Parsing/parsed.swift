public import Concerto

extension AsyncSequence where Element: Collection<UInt8> & SendableMetatype {
    /// The rows of a CSV text (RFC 4180) that comes in pieces.
    ///
    /// - Cancellation: is the source's.
    /// - Where it runs: on the caller's executor.
    /// - Allocates: a piece, and the rows that it completes.
    /// - Throws: while it is read ``CSVError``, after the rows before it.
    public func csv(_ dialect: CSVDialect = CSVDialect()) -> ParsedSequence<Self, [String]> {
        ParsedSequence(base: self) {
            var splitter = CSVSplitter(dialect)
            return { piece, rows in
                guard let piece else {
                    if let last = try splitter.finish() { rows.append(last) }
                    return
                }
                try splitter.append(piece) { rows.append($0) }
            }
        }
    }

    /// The elements of a JSON array that comes in pieces, each as its bytes, and as soon as its last byte is in.
    ///
    /// - Throws: while it is read ``JSONElementError``, after the elements before it; `ArgumentError` if `limit` or
    ///   `maximumDepth` is below 1.
    public func jsonElements(
        limit: Int = 16 << 20, maximumDepth: Int = 512
    ) throws(ArgumentError) -> ParsedSequence<Self, ArraySlice<UInt8>> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        guard maximumDepth >= 1 else { throw ArgumentError("maximumDepth", maximumDepth, "it must be at least 1") }
        return ParsedSequence(base: self) {
            var splitter = JSONElementSplitter(limit: limit, maximumDepth: maximumDepth)
            return { piece, elements in
                guard let piece else { return try splitter.finish() }
                try splitter.append(piece) { elements.append($0) }
            }
        }
    }

    /// The values of a text with a JSON value a line (NDJSON), each as its bytes; blank lines are none.
    ///
    /// Lines end with LF or CR LF and nothing else: U+2028 and its like may stand in strings.
    /// - Throws: while it is read ``LineTooLongError``; `ArgumentError` if `limit` is below 1.
    public func ndjson(
        limit: Int = 16 << 20
    ) throws(ArgumentError) -> FilteredSequence<LineSequence<Self, ArraySlice<UInt8>>> {
        try byteLines(limit: limit).filter { line in !line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
    }
}

/// What a parser makes of a stream of bytes; made by `csv(_:)` and `jsonElements(limit:maximumDepth:)`.
public struct ParsedSequence<Base: AsyncSequence, Element: Sendable>: AsyncSequence
where Base.Element: Collection<UInt8> & SendableMetatype {
    /// What the source throws, or the parser.
    public typealias Failure = any Error

    /// Takes in a piece, or `nil` at the end, and adds what that completes; what it has added before it throws counts.
    typealias Parser = (Base.Element?, inout [Element]) throws -> Void

    let base: Base
    let makeParser: @Sendable () -> Parser

    /// Starts to read the source.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), parse: makeParser())
    }

    /// Yields what has been parsed.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: Base.AsyncIterator
        let parse: Parser
        var ready: [Element] = []
        var index = 0
        var hasEnded = false
        var failure: (any Error)?

        /// The next element.
        public mutating func next() async throws -> Element? { try await next(isolation: nil) }

        /// The next element.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            while true {
                if index < ready.count {
                    defer { index += 1 }
                    return ready[index]
                }
                ready.removeAll(keepingCapacity: true)
                index = 0
                if hasEnded {
                    guard let failure = failure.take() else { return nil }
                    throw failure
                }
                do {
                    let piece = try await base.next(isolation: actor)
                    hasEnded = piece == nil
                    try parse(piece, &ready)
                    // asynclint:ignore:next cancellation-shown-as-failure — thrown as it is when what was parsed before has been read
                } catch {
                    hasEnded = true
                    failure = error
                }
            }
        }
    }
}

extension ParsedSequence: Sendable where Base: Sendable {}

@available(*, unavailable)
extension ParsedSequence.AsyncIterator: Sendable {}
