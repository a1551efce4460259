#if Batch
public import ConcertoHTTP
public import ConcertoResilience

/// Everything that decides how a batch runs.
///
/// | option | default | range |
/// |---|---|---|
/// | ``concurrency`` | 16 calls | 1…10,000 |
/// | ``perHost`` | no limit | 1…10,000 |
/// | ``rates``, ``burst`` | no limit, 1 call | above 0; 1…1,000,000 |
/// | ``timeout`` | 30 s an attempt | 1 ms…1 day |
/// | ``totalTimeout`` | none | 1 ms…30 days |
/// | ``maxRetries`` | 4 | 0…100 |
/// | ``backoffBase``, ``backoffCap`` | 200 ms, 30 s | 1 ms…1 h |
/// | ``maxRetryAfter`` | 5 min | 0…1 day |
/// | ``breaker`` | nine in ten of the last 20 attempts fail: 5 s | see `CircuitBreakerOptions` |
/// | ``maxBody`` | 10 MB | 0…1 GiB |
/// | ``memory`` | 256 MB | 16 MB…1 TB |
public struct BatchOptions: Sendable {
    /// Where the rows come from: a file's path, or `nil` for standard input.
    public var input: String?
    /// How the input is written.
    public var inputForm = InputForm.auto
    /// What is between two cells of a table, in ASCII; `nil` for a comma, or a tab in a file that says so.
    public var delimiter: UInt8?
    /// Whether the first row of a table names its columns; otherwise they are called 1, 2, 3…
    public var hasHeader = true
    /// The column of a table that names its rows; `nil` for their numbers.
    public var idColumn: String?
    /// What makes calls of rows that do not describe them.
    public var template = RowTemplate()
    /// Where the results go: a file's path, or `nil` for standard output.
    public var output: String?
    /// How the results are written.
    public var outputForm = OutputForm.auto
    /// Whether the results come in the order of the input.
    public var isOrdered = false
    /// Parts of the answers that stand in the results instead of the bodies.
    public var selections: [Selection] = []
    /// What answers must be like for their rows to count as done.
    public var expectations: [Expectation] = []
    /// How answers that come in pages are read to their end; `nil` for one answer a row.
    public var paging: Paging?
    /// Where the bodies of answers go, a file for each, `{id}` and columns in its name; `nil` for into the results.
    public var save: String?
    /// Fields of a form that is the body of each row's call: `name=text`, `name=@path` for a file, `{column}` replaced in both.
    public var formFields: [String] = []
    /// Calls that follow on a row's own, one after the other; the last one's answer is the row's.
    public var steps: [BatchStep] = []
    /// How the last of a row's calls is made until its answer says that all is done; `nil` for once.
    public var polling: Polling?
    /// Where the failed rows go, as an input for the next run; `nil` for nowhere.
    public var failedRows: String?
    /// Where the run remembers its rows; `nil` for the output's path with `.store` behind it.
    public var store: String?
    /// What a later run does with what an earlier one left.
    public var existing = Existing.refuse
    /// Whether a resumed run calls rows again that have failed.
    public var retriesFailed = false
    /// How many rows, chosen at random, are called; the others stay as they are. `nil` for all.
    public var sample: Int?
    /// Whether it is kept what happens when, for ``BatchRun/report(_:)``: at most 240 slices of time.
    public var keepsTimeline = false
    /// Whether a GET or HEAD that another row has made too is made once, and its answer given to both. Answers are remembered
    /// within an eighth of ``memory``; a call whose answer has been forgotten since is made again.
    public var joinsEqualCalls = false
    /// Whether every commit is brought to the disk.
    public var durable = false
    /// Whether a row that can't be read stops the run before its first call.
    public var strict = false

    /// Calls in flight at a time.
    public var concurrency = 16
    /// Whether the number of calls in flight to each host is found out, with ``concurrency`` as the most there may be.
    public var findsConcurrency = false
    /// When a row's call that may be repeated is sent a second time while the first is under way; `nil` for never. The
    /// second one takes no slot of ``concurrency``, but obeys everything else.
    public var hedge: HedgeDelay?
    /// Calls in flight at a time to one host.
    public var perHost: Int?
    /// Calls in time, attempts included, and what calls count as in time: all of them hold.
    public var rates: [CallRate] = []
    /// The slowest of the limits of calls; put in the place of all of these.
    public var rate: CallRate? {
        get { rates.filter { !$0.isWeighted }.max { $0.interval < $1.interval } }
        set { rates = rates.filter(\.isWeighted) + (newValue.map { [$0] } ?? []) }
    }
    /// What a call counts as for weighted ``rates``.
    public var weight: WeightExpression?
    /// Where an answer tells what its call has counted as; what was taken before is then corrected.
    public var actualWeight: JSONPath?
    /// Whether a call that counts more than a whole period of a weighted rate goes alone, on a full bucket; otherwise its row
    /// fails.
    public var sendsOversize = false
    /// The header by whose value limits, gates and paces are kept, so that one key that is used up does not hold up others.
    public var rateBy: String?
    /// Whether rate headers are believed besides `Retry-After`.
    public var readsRateHeaders = false
    /// Calls that may start at once after a pause, under ``rate``.
    public var burst = 1
    /// How long one attempt may take; a row's own `timeout` goes before it.
    public var timeout = Duration.seconds(30)
    /// How long a row may take with all its attempts and waits.
    public var totalTimeout: Duration?
    /// Attempts after the first.
    public var maxRetries = 4
    /// The longest delay before the first retry, which doubles with each: delays are drawn between zero and that, so that
    /// their mean is half of it.
    public var backoffBase = Duration.milliseconds(200)
    /// The longest delay that is not a server's own wish.
    public var backoffCap = Duration.seconds(30)
    /// The longest pause that a server may ask for.
    public var maxRetryAfter = Duration.seconds(300)
    /// When a host that answers no more is left alone, so that an outage delays rows instead of failing them one after the
    /// other; `nil` for never. Rows wait for a host whose circuit is open, whatever `whenOpen` says.
    ///
    /// The default is slow to trip, because a file may hold many rows that its server cannot answer: nine in ten of 20 or
    /// more attempts within 10 s without an answer or with a status of 500 or more. Then two attempts are made every 5 s
    /// until one gets another answer. Failures count once the host has answered in this run: the rows of a host that never
    /// did, a wrong address say, fail after their retries.
    public var breaker: CircuitBreakerOptions? = Self.defaultBreaker
    /// What may be repeated.
    public var repeatRule = RepeatRule()
    /// Whether calls that are not idempotent get an `Idempotency-Key` of their own.
    public var addsIdempotencyKeys = false

    /// Where calls get a token from that expires; `nil` for none.
    public var token: TokenSource?
    /// Headers of every call, placeholders replaced; a row's header of the same name goes before.
    public var headers: [(name: String, value: String)] = []
    /// Names, in lower case, of headers whose values are shown nowhere, besides the usual ones.
    public var secretHeaders: Set<String> = []
    /// What placeholders in rows may stand for.
    public var substitution = Substitution()

    /// Bytes of an answer's body that are kept.
    public var maxBody = 10_000_000
    /// Bytes of rows and answers that are held at a time, each with what it costs to hold it: half for rows that wait or
    /// are called, half for answers. A single row and a single answer are always let in.
    public var memory = 256_000_000
    /// Whether results show the answer's headers.
    public var showsHeaders = false
    /// Stops the run when more rows fail.
    public var maxFailures: FailureLimit?

    /// Whether the server's certificate goes unchecked.
    public var insecure = false
    /// The proxy's URL: `http://[user:password@]host:port`.
    public var proxy: String?
    /// Whether redirects are followed, up to 10.
    public var followsRedirects = false
    /// A file, PEM, with the certificates of the authorities to trust, instead of the machine's own.
    public var cacert: String?
    /// Whether HTTP/2 is offered; HTTP/1.1 is what servers that end connections in good order get on with.
    public var usesHTTP2 = false

    /// Hears, in a sentence, what somebody should know before it is too late; called from any thread.
    public var notice: (@Sendable (String) -> Void)?

    private static var defaultBreaker: CircuitBreakerOptions {
        var breaker = CircuitBreakerOptions()
        breaker.trip = .failureRatio(0.9, minimumThroughput: 20, window: .count(20))
        breaker.halfOpenPermits = 2
        breaker.halfOpenFailures = 2
        return breaker
    }

    /// Creates options with every default.
    public init() {}

    /// What to do with a store or an output that is already there.
    public enum Existing: Sendable {
        /// Stop before the first call.
        case refuse
        /// Go on where the earlier run stopped.
        case resume
        /// Delete it.
        case overwrite
    }

    /// Whether the value of a header is never shown.
    func hides(_ header: String) -> Bool {
        HeaderRules.isSecret(header) || secretHeaders.contains(header.lowercased())
            || token?.header.lowercased() == header.lowercased()
    }

    /// Whether the input's rows have columns, as far as its name and the options tell.
    public var readsColumns: Bool { ![.auto, .ndjson].contains(InputShape(self).form) }

    /// How the results are written, told by the output's name if by nothing else.
    var form: OutputForm {
        guard outputForm == .auto else { return outputForm }
        let name = (output ?? "").lowercased()
        return name.hasSuffix(".csv") ? .csv : name.hasSuffix(".tsv") ? .tsv : .ndjson
    }

    /// Whether the output is made of the results when the run ends.
    var exports: Bool { isOrdered || form != .ndjson }

    /// Whether a later run can go on where one with these options stops: the input can be read again, and the output can be
    /// read back.
    public var canBeResumed: Bool { InputFile.isRewindable(input) && BatchFiles(self).isKept }

    /// Columns that are needed when a row's first call is made.
    var laterColumns: Set<String> {
        StepMaker.columns(self).union(save.flatMap { try? SaveTarget($0) }?.columns ?? [])
            .union((try? FormBody(formFields, in: template))?.columns ?? [])
    }

    /// Everything that is wrong, a sentence each.
    public var problems: [String] {
        var problems: [String] = []
        func check(_ holds: Bool, _ sentence: String) { if !holds { problems.append(sentence) } }
        let millisecond = Duration.milliseconds(1)
        check((1...10_000).contains(concurrency), "concurrency must be 1 to 10,000, not \(concurrency)")
        check((1...10_000).contains(perHost ?? 1), "per-host must be 1 to 10,000, not \(perHost ?? 0)")
        if let hedge, let problem = hedge.problem { problems.append(problem) }
        let weighted = rates.filter(\.isWeighted)
        check(Set(weighted.map(\.unit)).count <= 1, "two limits count different things, and a call has one weight")
        if let first = weighted.first {
            check(weight != nil, "a limit of \(first.unit) needs --weight: how many of them a call counts as")
        } else {
            check(weight == nil, "a weight belongs to a limit of what it counts, such as --rate 90000tokens/m")
            check(actualWeight == nil, "an actual weight belongs to a limit of what it counts")
        }
        if let rateBy { check(HeaderRules.isToken(rateBy), "rate-by must be the name of a header") }
        check((1...1_000_000).contains(burst), "burst must be 1 to 1,000,000, not \(burst)")
        check((millisecond...(.seconds(86_400))).contains(timeout), "timeout must be 1ms to 24h")
        check(
            (millisecond...(.seconds(30 * 86_400))).contains(totalTimeout ?? millisecond),
            "total-timeout must be 1ms to 720h")
        check((0...100).contains(maxRetries), "max-retries must be 0 to 100, not \(maxRetries)")
        check((millisecond...(.seconds(3600))).contains(backoffBase), "the backoff's base must be 1ms to 1h")
        check((backoffBase...(.seconds(3600))).contains(backoffCap), "the backoff's cap must be its base to 1h")
        check((.zero...(.seconds(86_400))).contains(maxRetryAfter), "max-retry-after must be 0s to 24h")
        if let breaker {
            do { try breaker.validate() } catch { problems.append("\(error)") }
        }
        check((0...(1 << 30)).contains(maxBody), "max-body must be 0 to 1 GiB")
        check((16_000_000...1_000_000_000_000).contains(memory), "memory must be 16MB to 1000GB")
        problems += InputShape(self).problems
        let names = selections.map(\.name)
        for (index, name) in names.enumerated() where names[..<index].contains(name) {
            problems.append("two selections are called '\(Visible.text(name))'")
        }
        problems += paging?.problems ?? []
        problems += polling?.problems ?? []
        if !formFields.isEmpty {
            do throws(TemplateProblem) { _ = try FormBody(formFields, in: template) } catch {
                problems.append("\(error)")
            }
            check(template.body == nil, "a call has one body: leave out --body, or --form")
            check(paging == nil, "form is for calls that are made once: it goes with no pages")
        }
        if let save {
            do throws(TemplateProblem) { _ = try SaveTarget(save) } catch { problems.append("\(error)") }
            check(
                paging == nil && selections.isEmpty,
                "save writes whole answers: it goes with neither pages nor --select")
        }
        check(paging == nil || steps.isEmpty && polling == nil, "pages and further steps exclude each other")
        if !steps.isEmpty {
            do throws(TemplateProblem) {
                _ = try StepMaker(self, parser: RowParser(substitution: substitution, secretHeaders: secretHeaders))
            } catch {
                problems.append("\(error)")
            }
        }
        check(sample ?? 1 >= 1, "sample must be at least 1 row")
        check(sample == nil || input != nil, "sample needs an input file: rows are chosen among all of them")
        check(
            !joinsEqualCalls || paging == nil && steps.isEmpty && polling == nil && save == nil,
            "dedupe is for rows of one call: it goes with neither pages, further steps nor --save")
        if let failedRows {
            check(input != nil, "failed needs an input file: its rows are read again")
            check(
                failedRows != input && failedRows != output,
                "the failed rows must go to a file of their own, not to the input or the output")
        }
        problems += token?.problems ?? []
        for (name, value) in headers {
            if let problem = HeaderRules.problem(name: name, value: value) { problems.append(problem) }
        }
        check(
            proxy.map { HTTPProxy($0) != nil } ?? true,
            "the proxy must look like http://[user:password@]host:port or socks5://host:port, with a port from 1 to 65535"
        )
        check(!insecure || cacert == nil, "insecure checks no certificate: leave it out, or cacert")
        if let cacert {
            check(HTTPTransportOptions.holdsCertificates(cacert), "'\(cacert)' holds no certificates, or not as PEM")
        }
        if existing == .resume {
            check(input != nil, "resume needs an input file: standard input can't be read again")
            check(output != nil, "resume needs an output file (-o): standard output can't be read back")
        }
        check(!retriesFailed || existing == .resume, "retry-failed belongs to resume")
        check(output == nil || output != input, "the output must not be the input")
        return problems
    }

    /// What changes the calls: a resumed run must agree on it. Secret values are left out, and of the others the store gets
    /// a hash: one may be a secret whose name does not tell.
    func identity(key: SipHash.Key) -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in headers {
            values["header \(name.lowercased())", default: ""] += (hides(name) ? URLSecrets.mask : value) + "\n"
        }
        var identity = values.mapValues { String(SipHash.hash($0.utf8, key: key), radix: 16) }
        if let paging { identity["paging"] = paging.identity }
        if !steps.isEmpty {
            identity["steps"] = String(SipHash.hash(steps.map(\.source).joined().utf8, key: key), radix: 16)
        }
        if !formFields.isEmpty {
            identity["form"] = String(SipHash.hash(formFields.joined(separator: "\n").utf8, key: key), radix: 16)
        }
        identity[Self.order] = exports ? "that of the input (--ordered, or a table)" : "as results come"
        identity["idempotency-key"] = addsIdempotencyKeys ? "auto" : "none"
        return identity
    }

    /// What the results' order is remembered as: those of one cannot be gone on with in another.
    private static let order = "the results' order"

    /// What an earlier run's identity has differently, in words.
    func differences(from before: [String: String], key: SipHash.Key) -> [String] {
        var now = identity(key: key)
        // Earlier versions did not say.
        if before[Self.order] == nil { now[Self.order] = nil }
        return Set(before.keys).union(now.keys).filter { before[$0] != now[$0] }.sorted().map { name in
            switch (before[name], now[name]) {
            case (nil, _): "the \(name) was not there"
            case (_, nil): "the \(name) is gone"
            case (let old?, let new?) where !name.hasPrefix("header ") && name != "steps" && name != "form":
                "\(name) was \(old) and is \(new)"
            default: "the \(name) has another value"
            }
        }
    }
}

/// When a run gives up.
public enum FailureLimit: Sendable {
    /// After more failed rows than this.
    case count(Int)
    /// After a larger share of failed rows than this, 0 to 1, of at least 100 finished ones.
    case share(Double)

    /// Reads `10%` or a number; `nil` for anything else.
    public init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
            self = .share(percent / 100)
        } else {
            guard let count = Int(text), count >= 0 else { return nil }
            self = .count(count)
        }
    }

    func isExceeded(failed: Int, finished: Int) -> Bool {
        switch self {
        case .count(let limit): failed > limit
        case .share(let limit): finished >= 100 && Double(failed) > limit * Double(finished)
        }
    }
}
#endif
