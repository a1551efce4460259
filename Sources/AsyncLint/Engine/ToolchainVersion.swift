#if Lint
/// A Swift compiler version, as far as rules care: major and minor.
public struct ToolchainVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The major number.
    public let major: Int
    /// The minor number.
    public let minor: Int

    /// Creates a version.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `6`, `6.4` or `6.4.1`.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...3).contains(parts.count), let major = parts[0], !parts.contains(nil) else { return nil }
        self.init(major, parts.count > 1 ? parts[1]! : 0)
    }

    /// The compiler that built this program.
    public static var current: ToolchainVersion {
        #if compiler(>=6.5)
        ToolchainVersion(6, 5)
        #elseif compiler(>=6.4)
        ToolchainVersion(6, 4)
        #else
        ToolchainVersion(6, 3)
        #endif
    }

    /// Orders by major, then minor number.
    public static func < (one: ToolchainVersion, other: ToolchainVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    /// `6.3`.
    public var description: String { "\(major).\(minor)" }
}
#endif
