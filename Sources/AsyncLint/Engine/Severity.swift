#if Lint
/// How much damage a finding stands for, from "worth knowing" to "this hangs or loses data".
public enum Severity: String, Sendable, CaseIterable, Comparable, Codable {
    /// Advice: a style or a risk that many programs accept on purpose.
    case info
    /// A mistake that costs cancellation, errors or threads.
    case warning
    /// A hang, a lost error or a dead-lock on some path.
    case error

    /// Orders by damage.
    public static func < (one: Severity, other: Severity) -> Bool { one.rank < other.rank }

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .error: 2
        }
    }
}
#endif
