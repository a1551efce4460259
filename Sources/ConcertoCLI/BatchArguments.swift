#if CLI
import ArgumentParser
import ConcertoBatch
import ConcertoHTTP
import Foundation

/// Where things come from and go to.
struct FileArguments: ParsableArguments {
    @Option(
        name: .shortAndLong, help: "Write the results to this file instead of standard output.",
        completion: .file())
    var output: String?

    @Option(help: "Remember the rows in this file instead of OUTPUT.store.", completion: .file())
    var store: String?

    @Flag(help: "Go on where an earlier run stopped: finished rows are not called again.")
    var resume = false

    @Flag(help: "With --resume: call rows again that have failed.")
    var retryFailed = false

    @Flag(help: "Delete what an earlier run left, and start anew.")
    var overwrite = false

    @Flag(help: "Bring every commit to the disk: a power cut loses nothing that is finished.")
    var durable = false

    @Flag(help: "Stop before the first call if a row can't be read.")
    var strict = false

    func validate() throws {
        if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
        if retryFailed && !resume { throw ValidationError("--retry-failed needs --resume") }
    }

    func apply(to options: inout BatchOptions) {
        options.output = output == "-" ? nil : output
        options.store = store
        options.existing = resume ? .resume : overwrite ? .overwrite : .refuse
        options.retriesFailed = retryFailed
        options.durable = durable
        options.strict = strict
    }
}

/// How many calls, how fast, for how long.
struct LimitArguments: ParsableArguments {
    @Option(name: .shortAndLong, help: ConcurrencyArgument.help)
    var concurrency = ConcurrencyArgument(.fixed(16), "16")

    @Option(help: "Calls in flight at a time to one host. (default: no limit)")
    var perHost: Int?

    @Option(help: HedgeArgument.help)
    var hedge: HedgeArgument?

    @Option(help: "Calls a second (50/s), a minute (100/m) or an hour (1000/h), retries included. (default: no limit)")
    var rate: RateArgument?

    @Option(help: "Calls that may start at once after a pause, with --rate.")
    var burst = 1

    @Option(help: "How long an attempt may take: 500ms, 30s, 2m, 1h; a row's own timeout goes before it.")
    var timeout = DurationArgument(.seconds(30), "30s")

    @Option(help: "How long a row may take with all its attempts and waits. (default: no limit)")
    var totalTimeout: DurationArgument?

    @Option(help: "Stop when more rows fail: a number, or a share (10%) of at least 100 finished rows.")
    var maxFailures: FailureLimitArgument?

    @Option(help: "How long calls under way may finish after an interrupt.")
    var grace = DurationArgument(.seconds(30), "30s")

    @Option(help: "Bytes of an answer's body that are kept: 500KB, 10MB, 1GB; the rest is cut and flagged.")
    var maxBody = SizeArgument(10_000_000, "10MB")

    @Option(help: "Memory for rows that wait and answers that come: 64MB, 2GB. Beyond, new calls wait.")
    var memory = SizeArgument(256_000_000, "256MB")

    func apply(to options: inout BatchOptions) {
        concurrency.apply(to: &options)
        options.hedge = hedge?.value
        options.perHost = perHost
        options.rate = rate?.value
        options.burst = burst
        options.timeout = timeout.value
        options.totalTimeout = totalTimeout?.value
        options.maxFailures = maxFailures?.value
        options.maxBody = maxBody.value
        options.memory = memory.value
    }
}

/// What is repeated, how often, when.
struct RetryArguments: ParsableArguments {
    @Option(help: "Attempts after the first.")
    var maxRetries = 4

    @Option(help: "The longest delay before the first retry; it doubles with each, and delays are drawn below it.")
    var backoff = DurationArgument(.milliseconds(200), "200ms")

    @Option(help: "Where the doubling of --backoff ends.")
    var maxBackoff = DurationArgument(.seconds(30), "30s")

    @Option(help: "The longest pause that a Retry-After may ask for.")
    var maxRetryAfter = DurationArgument(.seconds(300), "5m")

    @Option(help: "The statuses that are retried. (default: 408,425,429,500,502,503,504)")
    var retryOn: StatusListArgument?

    @Flag(help: "Repeat POST and PATCH like any other method, though they may take effect twice.")
    var retryUnsafe = false

    @Option(help: "auto: send an Idempotency-Key of its own with each POST and PATCH, so that they can be repeated.")
    var idempotencyKey: IdempotencyKeyArgument = .none

    func apply(to options: inout BatchOptions) {
        options.maxRetries = maxRetries
        options.backoffBase = backoff.value
        options.backoffCap = max(backoff.value, maxBackoff.value)
        options.maxRetryAfter = maxRetryAfter.value
        options.repeatRule = RepeatRule(
            statuses: retryOn?.value ?? RepeatRule.defaultStatuses, repeatsUnsafe: retryUnsafe)
        options.addsIdempotencyKeys = idempotencyKey == .auto
    }
}

/// What is sent.
struct RequestArguments: ParsableArguments {
    @Option(
        name: [.customShort("H"), .long], help: "A header of every call, as 'Name: value'; {env:NAME} is replaced.")
    var header: [String] = []

    @Option(help: "The name of a header whose value is shown nowhere.")
    var secretHeader: [String] = []

    @Option(help: "An environment variable that rows may name as {env:NAME} in their URL and headers.")
    var allowEnv: [String] = []

    @Flag(name: [.customShort("k"), .long], help: "Do not check the server's certificate.")
    var insecure = false

    @Option(
        help:
            "A file of certificates (PEM) to trust, instead of the machine's own. (default: SSL_CERT_FILE, if it is there)"
    )
    var cacert: String?

    @Option(
        name: [.customShort("x"), .long],
        help: "The proxy: http://[user:password@]host:port, or socks5://host:port; {env:NAME} is replaced.")
    var proxy: String?

    @Flag(name: [.customShort("L"), .long], help: "Follow redirects, up to 10.")
    var location = false

    @Flag(
        name: .customLong("http2"), help: "Offer HTTP/2; calls may fail when a server ends a connection (see the page)."
    )
    var usesHTTP2 = false

    /// While the arguments are parsed, so that what is wrong is told with the usage of the command.
    func validate() throws {
        var options = BatchOptions()
        try apply(to: &options)
    }

    func apply(to options: inout BatchOptions) throws {
        let environment = ProcessInfo.processInfo.environment
        options.headers = try header.enumerated().map { try Self.header($1, number: $0 + 1, environment) }
        // What comes from the environment is secret, whatever its header is called.
        let fromEnvironment = header.filter { $0.contains("{env:") }.map { String($0.prefix { $0 != ":" }) }
        options.secretHeaders = Set((secretHeader + fromEnvironment).map { $0.lowercased() })
        for name in allowEnv {
            guard let value = environment[name] else {
                throw ValidationError("--allow-env \(name): the environment variable \(name) is not set")
            }
            options.substitution.environment[name] = value
        }
        options.insecure = insecure
        options.cacert = cacert ?? (insecure ? nil : Self.certificates(environment))
        options.usesHTTP2 = usesHTTP2
        options.proxy = try proxy.map { try Self.proxy($0, environment) }
        options.followsRedirects = location
    }

    /// The file that `SSL_CERT_FILE` names, as with OpenSSL and all that is built on it.
    private static func certificates(_ environment: [String: String]) -> String? {
        environment["SSL_CERT_FILE"].flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
    }

    /// The text is never repeated: a colon that was forgotten makes a secret of all of it.
    private static func header(
        _ text: String, number: Int, _ environment: [String: String]
    ) throws -> (String, String) {
        guard let colon = text.firstIndex(of: ":") else {
            throw ValidationError(
                "-H number \(number): a header looks like 'Name: value', and this one has no colon (its text is not shown, "
                    + "it may be a secret)")
        }
        let name = String(text[..<colon])
        let value = text[text.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        return (name, try replaced(value, environment, of: "-H number \(number)"))
    }

    /// A variable that is the whole proxy stands as it is; a part of it, a password say, is encoded as parts of a URL are.
    private static func proxy(_ text: String, _ environment: [String: String]) throws -> String {
        let isWhole = text.wholeMatch(of: /\{env:[^}]*\}/) != nil
        return try replaced(text, environment, of: "-x") { value in
            isWhole ? value : value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? value
        }
    }

    private static func replaced(
        _ text: String, _ environment: [String: String], of option: String, _ encoded: (String) -> String = { $0 }
    ) throws -> String {
        var text = text
        for match in text.matches(of: /\{env:([^}]*)\}/).reversed() {
            let variable = String(match.1)
            guard let found = environment[variable] else {
                throw ValidationError("\(option): the environment variable \(variable) is not set")
            }
            text.replaceSubrange(match.range, with: encoded(found))
        }
        return text
    }

    /// The words of a command line as they may be shown: values of secret headers and what is secret in the proxy's URL
    /// masked, unless it comes from the environment.
    func masked(_ words: [String]) -> [String] {
        let secretNames = Set(secretHeader.map { $0.lowercased() })
        var masks: [String: String] = [:]
        for text in header {
            let name = text.prefix { $0 != ":" }
            guard HeaderRules.isSecret(String(name)) || secretNames.contains(name.lowercased()) else { continue }
            // A placeholder may be shown, and the name of a scheme before it.
            let literal = Self.withoutPlaceholders(text.dropFirst(name.count + 1)).lowercased()
            if !["", "bearer", "basic", "token"].contains(literal) { masks[text] = "\(name): \(Self.mask)" }
        }
        if let proxy, let at = proxy.lastIndex(of: "@") {
            let start = proxy.firstRange(of: "://")?.upperBound ?? proxy.startIndex
            let user = start < at ? proxy[start..<at] : ""
            let password = user.firstIndex(of: ":").map { user[user.index(after: $0)...] } ?? user
            if !Self.withoutPlaceholders(password).isEmpty { masks[proxy] = proxy[..<start] + Self.mask + proxy[at...] }
        }
        return words.map { word in
            if let mask = masks[word] { return mask }
            for (text, mask) in masks where word.hasSuffix("=" + text) {
                return word.dropLast(text.count) + mask
            }
            return word
        }
    }

    private static func withoutPlaceholders(_ text: Substring) -> String {
        text.replacing(/\{env:[^}]*\}/, with: "").trimmingCharacters(in: .whitespaces)
    }

    private static let mask = "(secret)"
}

/// What people see.
struct DisplayArguments: ParsableArguments {
    @Flag(help: "Say nothing but errors.")
    var quiet = false

    @Flag(help: "Show the answers' headers in the results.")
    var headers = false

    @Option(
        name: .customLong("summary-json"), help: "Write the summary as JSON to this file.", completion: .file())
    var summaryJSON: String?

    @Flag(help: "Show the first five calls as they would be sent, secrets masked, and make none.")
    var dryRun = false
}
#endif
