#if Lint
/// What configuration says about the rules for one file.
struct RuleSettings: Sendable {
    /// Severity of every rule and part that is on.
    var severities: [String: Severity]
    /// Options, by rule.
    var options: [String: [String: String]]
    var toolchain: ToolchainVersion

    func severity(of rule: String) -> Severity? { severities[rule] }
}
#endif
