#if Observability
import ConcertoDiagnostics

/// A URL as it may be shown: without who logs in, and without what signs a request.
///
/// Keys of signatures are OpenTelemetry's list; keys that say they are secret are redacted too.
public struct RedactedURL: Sendable, Hashable, CustomStringConvertible {
    /// The URL with `REDACTED` in place of secrets.
    public let description: String

    /// Takes the secrets out of a URL.
    public init(_ url: String) { description = URLText.redacted(url) }
}
#endif
