#if HTTP
/// Whether and how redirects are followed (RFC 9110 §15.4).
///
/// - 303 becomes a GET without a body, for every method but HEAD; 301 and 302 do so for POST, as everybody's do; else method
///   and body stay.
/// - To another origin (scheme, host or port) no secret goes along: `Authorization`, cookies, and every header whose name is
///   in ``secretHeaders`` or secret by its pattern (``HeaderRules/isSecret(_:)``). `Host` and `Origin` do not either.
/// - A circle, one redirect too many, and a target that is no http or https URL fail the call, at once and for good.
public struct RedirectRule: Sendable {
    /// Redirects one after the other: 1 or more; default 10.
    public var limit = 10
    /// Names, in lower case, of further headers that stay with the origin they were given for.
    public var secretHeaders: Set<String> = []

    /// Creates a rule.
    public init(limit: Int = 10, secretHeaders: Set<String> = []) {
        self.limit = limit
        self.secretHeaders = secretHeaders
    }
}
#endif
