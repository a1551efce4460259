#if Observability
/// Decides whether a trace is recorded.
public struct Sampler: Sendable, Hashable {
    private enum Rule: Hashable {
        case always
        case never
        /// Traces whose last seven bytes are below this are recorded.
        case below(UInt64)
    }

    private let root: Rule
    /// Whether the parent's decision counts, if there is one.
    private let followsParent: Bool

    /// Every trace.
    public static let alwaysOn = Sampler(root: .always, followsParent: false)
    /// No trace.
    public static let alwaysOff = Sampler(root: .never, followsParent: false)

    /// A share of the traces, the same ones in every process that asks for that share.
    ///
    /// - Parameter ratio: From 0, none, to 1, all; what lies outside is the nearer of the two.
    public static func ratio(_ ratio: Double) -> Sampler {
        if ratio >= 1 { return alwaysOn }
        guard ratio > 0 else { return alwaysOff }
        return Sampler(root: .below(UInt64(ratio * 0x1p56)), followsParent: false)
    }

    /// What the parent was decided to be; where there is none, what `root` says.
    public static func parentBased(_ root: Sampler = .alwaysOn) -> Sampler {
        Sampler(root: root.root, followsParent: true)
    }

    /// Whether a span of this trace is recorded.
    func records(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        switch root {
        case .always: return true
        case .never: return false
        case .below(let limit): return trace.low & 0x00ff_ffff_ffff_ffff < limit
        }
    }
}
#endif
