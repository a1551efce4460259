/// What to do with bytes that are no UTF-8.
public enum InvalidText: Sendable, Hashable {
    /// They become U+FFFD.
    case repair
    /// The stream fails with ``InvalidTextError``.
    case fail
}

/// Bytes that were to be text are no UTF-8.
public struct InvalidTextError: Error, Hashable, CustomStringConvertible {
    /// In which line, from 1.
    public let line: Int
    /// Where the first of them is, in bytes from the start.
    public let offset: Int

    /// Creates an error.
    public init(line: Int, offset: Int) {
        self.line = line
        self.offset = offset
    }

    /// What happened and what to do.
    public var description: String {
        "line \(line) is no UTF-8 at byte \(offset): convert the text, or let it be repaired (invalidText: .repair)"
    }
}

/// `bytes` as text.
///
/// - Parameters:
///   - line: Which line they are.
///   - offset: Where they begin.
func text(
    _ bytes: ArraySlice<UInt8>, _ invalid: InvalidText, line: Int, offset: Int
) throws(InvalidTextError) -> String {
    guard invalid == .fail else {
        return bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    // Only now, as it is slow: where does it go wrong?
    var valid = 0
    var iterator = bytes.makeIterator()
    var parser = Unicode.UTF8.ForwardParser()
    while case .valid(let scalar) = parser.parseScalar(from: &iterator) { valid += scalar.count }
    throw InvalidTextError(line: line, offset: offset + valid)
}
