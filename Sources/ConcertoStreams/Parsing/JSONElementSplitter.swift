/// A JSON text that is no array of complete values.
public struct JSONElementError: Error, Hashable, CustomStringConvertible {
    /// Where, in bytes from the start.
    public let offset: Int
    /// What is wrong.
    public let problem: String

    /// Creates an error.
    public init(offset: Int, problem: String) {
        self.offset = offset
        self.problem = problem
    }

    /// What happened.
    public var description: String { "the JSON array \(problem) at byte \(offset)" }
}

/// Cuts a JSON array into its elements as the bytes come: each comes out with its last byte.
///
/// It looks at brackets, strings and commas only; whether an element is JSON inside is for whoever decodes it. A number, `true`,
/// `false` or `null` is complete when the comma or bracket after it is there.
public struct JSONElementSplitter: Sendable {
    private enum Place: Sendable {
        case beforeArray
        case beforeElement(afterComma: Bool)
        case inElement
        case afterElement
        case afterArray
    }

    private var place = Place.beforeArray
    private var element: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// Whether the element is a bare word, which only what follows ends.
    private var isBare = false
    private let limit: Int
    private let maximumDepth: Int

    /// How many bytes have been looked at.
    public private(set) var offset = 0

    /// Creates a splitter.
    ///
    /// - Parameters:
    ///   - limit: How many bytes an element may have.
    ///   - maximumDepth: How many brackets may be open inside an element.
    public init(limit: Int = 16 << 20, maximumDepth: Int = 512) {
        self.limit = limit
        self.maximumDepth = maximumDepth
    }

    /// Takes in what comes next and calls `body` with every element that is complete now.
    ///
    /// - Throws: ``JSONElementError``; what `body` throws.
    public mutating func append(
        _ bytes: some Sequence<UInt8>, _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        for byte in bytes {
            if let complete = try take(byte) { try body(complete[...]) }
            offset += 1
        }
    }

    /// Says that nothing more comes.
    ///
    /// - Throws: ``JSONElementError`` if the array is not closed.
    public func finish() throws {
        guard case .afterArray = place else {
            throw JSONElementError(offset: offset, problem: "is not complete: it ends")
        }
    }

    private mutating func take(_ byte: UInt8) throws -> [UInt8]? {
        let isSpace = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        switch place {
        case .beforeArray:
            if isSpace || offset < 3 && (byte == 0xEF || byte == 0xBB || byte == 0xBF) { return nil }
            guard byte == UInt8(ascii: "[") else {
                throw JSONElementError(offset: offset, problem: "does not begin with [")
            }
            place = .beforeElement(afterComma: false)
        case .beforeElement(let afterComma):
            if isSpace { return nil }
            if byte == UInt8(ascii: "]"), !afterComma {
                place = .afterArray
            } else if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                throw JSONElementError(offset: offset, problem: "has no element before the comma or bracket")
            } else {
                place = .inElement
                return try begin(byte)
            }
        case .inElement: return try go(byte, isSpace)
        case .afterElement:
            if isSpace { return nil }
            try separate(byte)
        case .afterArray:
            guard isSpace else { throw JSONElementError(offset: offset, problem: "is followed by something else") }
        }
        return nil
    }

    private mutating func separate(_ byte: UInt8) throws {
        switch byte {
        case UInt8(ascii: ","): place = .beforeElement(afterComma: true)
        case UInt8(ascii: "]"): place = .afterArray
        default: throw JSONElementError(offset: offset, problem: "has no comma after an element")
        }
    }

    private mutating func begin(_ byte: UInt8) throws -> [UInt8]? {
        isBare = false
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth = 1
        case UInt8(ascii: "}"): throw JSONElementError(offset: offset, problem: "has a bracket that was not opened")
        default: isBare = true
        }
        element.append(byte)
        return nil
    }

    private mutating func go(_ byte: UInt8, _ isSpace: Bool) throws -> [UInt8]? {
        if isBare {
            if isSpace {
                place = .afterElement
                return complete()
            }
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                let word = complete()
                try separate(byte)
                return word
            }
        }
        guard element.count < limit else {
            throw JSONElementError(offset: offset, problem: "has an element of more than \(limit) bytes")
        }
        element.append(byte)
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
        } else {
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= maximumDepth else {
                    throw JSONElementError(offset: offset, problem: "is nested deeper than \(maximumDepth)")
                }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        guard !isBare, depth == 0, !isInString else { return nil }
        place = .afterElement
        return complete()
    }

    private mutating func complete() -> [UInt8] {
        defer { element.removeAll(keepingCapacity: true) }
        return element
    }
}
