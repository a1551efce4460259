#if Lint
/// A place in a file: line and column count from 1, the column in UTF-8 bytes, the offset from 0.
public struct SourcePosition: Sendable, Hashable, Comparable, Codable {
    /// The line, from 1.
    public let line: Int
    /// The column in UTF-8 bytes, from 1.
    public let column: Int
    /// The column in Unicode scalars, from 1: what SARIF and GitHub count.
    public let characterColumn: Int
    /// The UTF-8 offset from the start of the file.
    public let offset: Int

    /// Orders by offset.
    public static func < (one: SourcePosition, other: SourcePosition) -> Bool { one.offset < other.offset }
}
#endif
