#if Lint
/// What the tool says of itself.
public enum AsyncLintVersion {
    /// The version, by semver.org.
    public static let current = "0.1.0"
}
#endif
