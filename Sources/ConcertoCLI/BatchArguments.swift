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

    @Option(
        help: """
            Calls a second (50/s), a minute (100/m) or an hour (1000/h), retries included, or what calls count as \
            (90000tokens/m, with --weight); given more than once, all hold. (default: no limit)
            """)
    var rate: [RateArgument] = []

    @Option(
        help: ArgumentHelp(
            "What a call counts as: '.max_tokens + chars/4', of numbers in its body and the body's length.",
            valueName: "expression"))
    var weight: WeightArgument?

    @Option(
        help: ArgumentHelp(
            "Where an answer tells what it has counted as, by which the reserve is corrected: .usage.total_tokens.",
            valueName: "path"))
    var weightActual: PathArgument?

    @Option(help: "A call that counts more than a whole period allows: refuse, or let it go alone.")
    var oversize: OversizeArgument = .refuse

    @Option(
        help: ArgumentHelp(
            "Keep limits and pauses for each value of this header: a key that is used up holds up no other.",
            valueName: "header"))
    var rateBy: String?

    @Option(
        help: "auto: believe retry-after-ms, RateLimit, x-ratelimit-* and Anthropic's headers besides Retry-After.")
    var rateHeaders: RateHeadersArgument = .none

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
        options.rates = rate.map(\.value)
        options.weight = weight?.value
        options.actualWeight = weightActual?.value
        options.sendsOversize = oversize == .alone
        options.rateBy = rateBy
        options.readsRateHeaders = rateHeaders == .auto
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

    @Option(
        name: .customLong("token-url"),
        help: ArgumentHelp(
            "Get a token there (OAuth client credentials), renew it in time and at 401; {env:NAME} is replaced.",
            valueName: "url"))
    var tokenURL: String?

    @Option(
        help: ArgumentHelp("Who asks for it: '{env:CLIENT_ID}:{env:CLIENT_SECRET}'.", valueName: "name:secret"))
    var tokenClient: String?

    @Option(help: "What the token is to be good for.")
    var tokenScope: String?

    @Option(
        help: ArgumentHelp(
            "A further field of the request for a token: audience=https://api.example.com.", valueName: "name=value"))
    var tokenParam: [String] = []

    @Option(
        help: ArgumentHelp(
            "The header that carries it. (default: 'Authorization: Bearer {token}')", valueName: "header"))
    var tokenHeader: String?

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
        options.token = try token(&options, environment)
    }

    /// What comes from the environment is hidden wherever it could show.
    private func token(_ options: inout BatchOptions, _ environment: [String: String]) throws -> TokenSource? {
        guard let tokenURL else {
            let others = [tokenClient, tokenScope, tokenHeader].compactMap(\.self) + tokenParam
            guard others.isEmpty else { throw ValidationError("--token-client and its like belong to --token-url") }
            return nil
        }
        for text in [tokenURL, tokenClient ?? ""] + tokenParam {
            for match in text.matches(of: /\{env:([^}]*)\}/) {
                options.substitution.hidden[String(match.1)] = environment[String(match.1)]
            }
        }
        var source = TokenSource(url: try Self.replaced(tokenURL, environment, of: "--token-url"))
        source.client = try tokenClient.map { text throws -> (name: String, secret: String) in
            // The colon of a variable's braces is none between name and secret.
            guard let match = text.wholeMatch(of: /((?:\{env:[^}]*\}|[^:{])+):(.*)/) else {
                throw ValidationError("--token-client looks like NAME:SECRET; each may be {env:VARIABLE}")
            }
            return (
                try Self.replaced(String(match.1), environment, of: "--token-client"),
                try Self.replaced(String(match.2), environment, of: "--token-client")
            )
        }
        source.scope = tokenScope
        source.parameters = try tokenParam.enumerated().map { index, text throws -> (name: String, value: String) in
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("--token-param number \(index + 1) looks like name=value; its text is not shown")
            }
            let value = String(text[text.index(after: equals)...])
            return (String(text[..<equals]), try Self.replaced(value, environment, of: "--token-param"))
        }
        if let tokenHeader {
            guard let match = tokenHeader.wholeMatch(of: /([^:]+):(.*)\{token\}(.*)/) else {
                throw ValidationError("--token-header looks like 'Name: value', with {token} where the token stands")
            }
            source.header = String(match.1)
            source.frame = (String(match.2).trimmingCharacters(in: .whitespaces), String(match.3))
            if source.frame.before != "", String(match.2).hasSuffix(" ") { source.frame.before += " " }
        }
        return source
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
        if let tokenClient {
            let secret = tokenClient.wholeMatch(of: /((?:\{env:[^}]*\}|[^:{])+):(.*)/)?.2 ?? ""
            let isHidden = Self.withoutPlaceholders(secret).isEmpty
            if !isHidden { masks[tokenClient] = tokenClient.dropLast(secret.count) + Self.mask }
        }
        for text in tokenParam {
            let name = text.prefix { $0 != "=" }
            let isHidden = Self.withoutPlaceholders(text.dropFirst(name.count + 1)).isEmpty
            if HeaderRules.isSecret(String(name)), !isHidden { masks[text] = "\(name)=\(Self.mask)" }
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

    @Option(help: "Write a page with pictures of the run to this file, when it ends.", completion: .file())
    var report: String?

    @Option(
        help: ArgumentHelp(
            "Call only that many rows, chosen at random, and tell what all would take; --resume goes on with the rest.",
            valueName: "rows"))
    var sample: Int?

    @Flag(help: "Show the first five calls as they would be sent, secrets masked, and make none.")
    var dryRun = false

    @Option(
        name: .long, defaultAsFlag: DashboardArgument.usual, parsing: .next,
        help: ArgumentHelp(
            """
            Show the run as it goes on in a browser, at this address (default 127.0.0.1:9465, or any free port). Other \
            machines need the token in CONCERTO_DASHBOARD_TOKEN.
            """, valueName: "host:port"))
    var dashboard: DashboardArgument?
}
#endif
