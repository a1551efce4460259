#if HTTP
import Concerto
import ConcertoResilience

/// Makes HTTP calls as the other side allows them: a retry with a budget per host, a gate per host that `Retry-After`
/// closes, a circuit breaker per host, a pace for all, a timeout per attempt.
///
/// A closed gate and an empty budget delay a call. An open circuit ends it, or delays it too
/// (``ResilientHTTPClientOptions/breaker``).
public final class ResilientHTTPClient: Sendable {
    /// Hosts that are remembered; beyond, those that nobody calls and that ask for nothing are forgotten.
    private static let rememberedHosts = 10_000

    let transport: any HTTPTransport
    let options: ResilientHTTPClientOptions
    /// Calls under way to all hosts, as many as this machine can carry.
    let capacity: HostGate
    private let hosts = Guarded<[String: HostPipeline]>([:])
    private let timeouts = Guarded<[Duration: Timeout]>([:])

    /// Creates a client.
    ///
    /// - Throws: An error that names every option that can't work.
    public init(
        transport: any HTTPTransport, options: ResilientHTTPClientOptions = .init()
    ) throws(InvalidOptionsError) {
        try options.validate()
        self.transport = transport
        self.options = options
        capacity = HostGate(clock: options.clock)
    }

    /// What the gate and the circuit of every known host do.
    public var hostStatistics: [String: HostGate.Statistics] {
        hosts.withLock { $0 }.mapValues(\.statistics)
    }

    /// Calls that are under way at a time, at most, since this machine ran short of descriptors, ports or memory; `nil` if it
    /// did not. Rises again, slowly, while it does not.
    public var localLimit: Int? { capacity.lowered }

    /// The circuit breaker of a host (`host:port`) that has been called: to watch it, or to open and close it by hand.
    public func breaker(of host: String) -> CircuitBreaker? {
        hosts.withLock { $0[host] }?.breaker
    }

    /// Leaves a host (`host:port`) alone for so long, as if it had asked for it itself.
    package func pause(_ host: String, for duration: Duration) {
        // A pipeline that can't be made is told to who calls the host.
        try? pipeline(for: host).gate.pause(for: min(duration, options.maxRetryAfter))
    }

    /// Makes `call`, or one hop of a call that is redirected, until it has an answer that is not to be repeated.
    func executeHop(_ call: HTTPCall, delegate: some HTTPCallDelegate) async throws -> HTTPReply {
        // Who called us does not wait any more.
        if ResilienceContext.current?.remaining == .zero {
            throw TimeoutError(limit: .zero, operation: "call \(call.host)")
        }
        let host = try pipeline(for: call.host)
        let timeout = try timeout(call.timeout ?? options.timeout)
        var progress = CallProgress()
        do {
            return try await host.retries.execute { context in
                try await self.attempt(call, CallSite(context, host, timeout), delegate, &progress)
            }
        } catch  where progress.goesOn && Task.isCancelled {
            // A caller that gave up meanwhile hears that, not an outcome that would have been repeated.
            throw CancellationError()
        } catch let unsatisfying as UnsatisfyingReply {
            return unsatisfying.reply
        } catch let final as FinalFailure {
            throw final.failure
        } catch is TimeoutError {
            return try outOfTime(call, progress)
        } catch is NoTimeLeft {
            return try outOfTime(call, progress)
        } catch let open as CircuitOpenError {
            guard host.waitsForCircuit else { throw open }
            return try outOfTime(call, progress, "it does not answer, and will not be tried again")
        } catch is RateLimiterRejectedError {
            return try outOfTime(call, progress, "the pace of the calls leaves no turn")
        }
    }

    /// How a call ends whose time is over: with the latest answer if it waited to be repeated after one.
    private func outOfTime(_ call: HTTPCall, _ progress: CallProgress, _ reason: String? = nil) throws -> HTTPReply {
        if let reply = progress.reply, !progress.isSending { return reply }
        let what = progress.isSending ? "no satisfying answer" : "not sent"
        throw HTTPFailure(
            .timeout, mayHaveBeenSent: progress.isSending || progress.mayHaveBeenSent,
            "\(what) to \(call.host) within the total time\(reason.map { ": \($0)" } ?? "")")
    }

    private func pipeline(for host: String) throws -> HostPipeline {
        if let known = hosts.withLock({ $0[host] }) { return known }
        forgetIdleHosts()
        let made = try HostPipeline(host: host, options: options)
        return hosts.withLock { hosts in
            let pipeline = hosts[host] ?? made
            hosts[host] = pipeline
            return pipeline
        }
    }

    /// Looks at the hosts outside the lock: a circuit that is looked at may change, and telemetry is told.
    private func forgetIdleHosts() {
        let known = hosts.withLock { $0.count < Self.rememberedHosts ? [:] : $0 }
        let idle = known.filter { $0.value.isIdle }.keys
        guard !idle.isEmpty else { return }
        hosts.withLock { hosts in
            for host in idle { hosts[host] = nil }
        }
    }

    /// One ``Timeout`` for each duration: its deadlines then come in the order of the calls.
    ///
    /// - Throws: ``HTTPFailure`` if there can be none, which only a call's own can cause.
    private func timeout(_ duration: Duration) throws(HTTPFailure) -> Timeout {
        if let known = timeouts.withLock({ $0[duration] }) { return known }
        let made: Timeout
        do throws(InvalidOptionsError) {
            made = try Timeout(validating: duration, clock: options.clock)
        } catch {
            throw HTTPFailure(.invalid, mayHaveBeenSent: false, "the call can't be sent: its timeout is \(duration)")
        }
        return timeouts.withLock { timeouts in
            if timeouts.count >= Self.rememberedHosts { timeouts = [:] }
            let timeout = timeouts[duration] ?? made
            timeouts[duration] = timeout
            return timeout
        }
    }
}
#endif
