#if HTTP
import Concerto
import ConcertoResilience
import Foundation
import NIOHTTP1
import Synchronization

/// Makes HTTP calls as the other side allows them: a retry with a budget per host, a gate per host that `Retry-After`
/// closes, a pace for all, a timeout per attempt.
///
/// Nothing is refused here: a closed gate and an empty budget delay a call. Only its own retries, its own deadline and
/// its caller end it.
public final class ResilientHTTPClient: Sendable {
    /// Hosts that are remembered; beyond, those that nobody calls and that ask for nothing are forgotten.
    private static let rememberedHosts = 10_000

    private let transport: any HTTPTransport
    private let options: ResilientHTTPClientOptions
    private let hosts = Mutex<[String: HostPipeline]>([:])
    private let timeouts = Mutex<[Duration: Timeout]>([:])

    /// Creates a client.
    ///
    /// - Throws: An error that names every option that can't work.
    public init(
        transport: any HTTPTransport, options: ResilientHTTPClientOptions = .init()
    ) throws(InvalidOptionsError) {
        _ = try HostPipeline(host: "", options: options)
        self.transport = transport
        self.options = options
    }

    /// What the gate of every known host does.
    public var hostStatistics: [String: HostGate.Statistics] {
        hosts.withLock { $0 }.mapValues(\.gate.statistics)
    }

    /// Makes `call` until it has an answer that is not to be repeated.
    ///
    /// - Cancellation: ends every wait and the attempt under way with `CancellationError`.
    /// - Where it runs: on the caller's executor, but for what AsyncHTTPClient does on its event loops.
    /// - Throws: ``HTTPFailure`` if the last attempt got no answer, `CancellationError`, and what the delegate throws.
    /// - Returns: The last answer, whatever its status.
    public func execute(_ call: HTTPCall, delegate: some HTTPCallDelegate) async throws -> HTTPReply {
        let host = try pipeline(for: call.host)
        let timeout = timeout(call.timeout ?? options.timeout)
        do {
            return try await host.retries.execute { context in
                try await self.attempt(context.attempt, call, host, timeout, delegate)
            }
        } catch let unsatisfying as UnsatisfyingReply {
            return unsatisfying.reply
        } catch let final as FinalFailure {
            throw final.failure
        } catch let error as TimeoutError {
            throw HTTPFailure(
                .timeout, mayHaveBeenSent: true,
                "no satisfying answer from \(call.host) within the total time: \(error)")
        } catch is RateLimiterRejectedError {
            throw HTTPFailure(
                .timeout, mayHaveBeenSent: false, "the pace of the calls leaves no turn within the total time")
        }
    }

    private func attempt(
        _ number: Int, _ call: HTTPCall, _ host: HostPipeline, _ timeout: Timeout, _ delegate: some HTTPCallDelegate
    ) async throws -> HTTPReply {
        if !host.gate.tryEnter() {
            delegate.willWait()
            try await host.gate.enter(isRepeat: number > 1)
        }
        var outcome = HostGate.Outcome.abandoned
        defer { host.gate.leave(outcome) }
        await delegate.didWait()
        try await options.limiter?.acquire()
        try await delegate.willSend(attempt: number)
        let result = await send(call, timeout)
        delegate.didSend(result)
        switch result {
        case .cancelled:
            throw CancellationError()
        case .failed(let failure, let mayRepeat):
            outcome = .answered
            guard mayRepeat else { throw FinalFailure(failure: failure) }
            if number <= options.maxRetries { delegate.willWait() }
            throw failure
        case .answered(let reply, let mayRepeat):
            let pause = pause(reply)
            outcome = reply.status == 429 || pause != nil ? .refused(pause: pause) : .answered
            guard mayRepeat else { return reply }
            if number <= options.maxRetries { delegate.willWait() }
            throw UnsatisfyingReply(reply: reply, isGated: pause != nil || reply.status == 429)
        }
    }

    private func send(_ call: HTTPCall, _ timeout: Timeout) async -> AttemptResult {
        do {
            let reply = try await timeout.execute { _ in try await self.transport.send(call) }
            return .answered(reply, mayRepeat: options.rule.allowsRepeat(of: call, after: reply.status))
        } catch is TimeoutError {
            let failure = HTTPFailure(.timeout, mayHaveBeenSent: true, "\(call.host) did not answer in time")
            return .failed(failure, mayRepeat: options.rule.allowsRepeat(of: call, after: failure))
        } catch let failure as HTTPFailure {
            return .failed(failure, mayRepeat: options.rule.allowsRepeat(of: call, after: failure))
        } catch {
            return .cancelled
        }
    }

    /// How long the host asks to be left alone, cut to the longest pause allowed.
    private func pause(_ reply: HTTPReply) -> Duration? {
        guard reply.status == 429 || reply.status == 503, let value = reply.headers.first(name: "retry-after"),
            let wished = RetryAfter.parse(value, now: Date())
        else { return nil }
        return min(wished, options.maxRetryAfter)
    }

    private func pipeline(for host: String) throws -> HostPipeline {
        try hosts.withLock { hosts in
            if let known = hosts[host] { return known }
            if hosts.count >= Self.rememberedHosts { hosts = hosts.filter { !$0.value.isIdle } }
            let pipeline = try HostPipeline(host: host, options: options)
            hosts[host] = pipeline
            return pipeline
        }
    }

    /// One ``Timeout`` for each duration: its deadlines then come in the order of the calls.
    private func timeout(_ duration: Duration) -> Timeout {
        timeouts.withLock { timeouts in
            if let known = timeouts[duration] { return known }
            if timeouts.count >= Self.rememberedHosts { timeouts = [:] }
            let timeout = Timeout(duration, clock: options.clock)
            timeouts[duration] = timeout
            return timeout
        }
    }
}

/// What is shared by all calls to one host.
private struct HostPipeline: Sendable {
    let gate: HostGate
    let retries: ResiliencePipeline

    init(host: String, options: ResilientHTTPClientOptions) throws(InvalidOptionsError) {
        gate = HostGate(maximum: options.maximumPerHost, clock: options.clock)
        var retry = RetryOptions()
        retry.maxRetries = options.maxRetries
        retry.backoff = options.backoff
        retry.clock = options.clock
        retry.random = options.random
        retry.whenBudgetExhausted = .wait
        retry.shouldRetry = { $0 is UnsatisfyingReply || $0 is HTTPFailure }
        // The gate makes the whole host wait, as long as the answer said or at a pace; a delay on top of that would let
        // new rows overtake those that were turned away.
        retry.delay = { ($0.error as? UnsatisfyingReply)?.isGated == true ? .zero : nil }
        retry.name = host
        let strategy = try Retry(options: retry)
        retries = ResiliencePipeline(host) {
            if let total = options.totalTimeout { Timeout(total, clock: options.clock) }
            strategy
        }
    }

    var isIdle: Bool {
        let now = gate.statistics
        return now.inFlight == 0 && now.waiting == 0 && now.pausedUntil == nil
    }
}

/// An answer after which the call may be repeated.
private struct UnsatisfyingReply: Error {
    var reply: HTTPReply
    /// The host has refused the call, and its gate sees to it that the next one does not come too early.
    var isGated: Bool
}

/// A failure after which the call must not be repeated.
private struct FinalFailure: Error {
    var failure: HTTPFailure
}
#endif
