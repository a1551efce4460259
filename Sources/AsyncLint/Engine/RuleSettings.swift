#if Lint
/// What configuration says about the rules for one file.
struct RuleSettings: Sendable {
    /// Severity of every rule and part that is on.
    var severities: [String: Severity]
    /// Options, by rule.
    var options: [String: [String: String]]
    var toolchain: ToolchainVersion
    /// Whether the file lies in a folder of tests, or is named like one.
    var isTest = false

    func severity(of rule: String) -> Severity? { severities[rule] }
}
#endif
