#if HTTP
import Concerto
import ConcertoResilience
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoHTTP

/// A gate that finds out how many calls its host bears.
@Suite(.oneAtATime)
struct AdaptiveGateTests {
    private let clock = ManualClock()

    private func gate(
        maximum: Int? = nil, _ change: (inout AdaptiveLimiterOptions) -> Void = { _ in }
    ) -> HostGate {
        var options = AdaptiveLimiterOptions()
        options.initial = 10
        options.random = .seeded(1)
        change(&options)
        return HostGate(maximum: maximum, adaptive: options, clock: clock)
    }

    @Test func `no more calls are let in than the host is known to bear, nor than the maximum`() throws {
        let gate = gate()
        let passes = (0..<20).compactMap { _ in gate.tryEnter() }
        #expect(passes.count == 10 && gate.statistics.limit == 10)
        let narrow = self.gate(maximum: 3)
        #expect((0..<20).compactMap { _ in narrow.tryEnter() }.count == 3)
    }

    /// A tenth less a window, whatever the number of refusals in it.
    @Test(arguments: [HostGate.Outcome.refused(pause: nil), .failed])
    func `refusals and calls without an answer lower the limit`(outcome: HostGate.Outcome) throws {
        let gate = gate { $0.window = .seconds(1) }
        func end(_ outcome: HostGate.Outcome) throws {
            gate.leave(try #require(gate.tryEnter()), outcome, after: .milliseconds(50))
        }
        try end(.answered)
        clock.advance(by: .seconds(1))
        try end(outcome)
        #expect(gate.statistics.limit == 9)
        try end(.answered)
        try end(.abandoned)
        #expect(gate.statistics.limit == 9)
    }

    /// The host works on ten calls at a time, 50 ms each, and makes the others wait; sixty callers want to call all the time.
    @Test func `the limit settles where the host's queue begins`() async throws {
        let host = WorkingHost(workers: 10)
        let transport = ScriptedTransport(clock: clock) { [clock] _, _ in
            let now = clock.now
            try await clock.sleep(for: now.duration(to: host.end(ofCallAt: now)))
            return .status(200)
        }
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        options.timeout = .seconds(10_000)
        var adaptive = AdaptiveLimiterOptions()
        adaptive.initial = 4
        adaptive.window = .milliseconds(250)
        adaptive.random = .seeded(1)
        options.adaptive = adaptive
        let client = try ResilientHTTPClient(transport: transport, options: options)
        let end = clock.now.advanced(by: .seconds(20))
        let left = Shared(60)
        let callers = (0..<60).map { number in
            Task { [clock] in
                defer { left.change { $0 -= 1 } }
                while clock.now < end {
                    _ = try await client.execute(HTTPCall(url: "http://a/\(number)", host: "a:80"))
                }
            }
        }
        await drive(clock) { left.value == 0 }
        for caller in callers { try await caller.value }
        let limit = try #require(client.hostStatistics["a:80"]?.limit)
        #expect(limit >= 10 && limit <= 30)
        #expect(try #require(transport.mostInFlight["a:80"]) < 40)
        // Nine tenths of what the host can do at least, from the first second on.
        #expect(transport.arrivals.count > 3_600)
    }
}

/// A host that works on so many calls at a time, 50 ms each, in the order of their coming.
private final class WorkingHost: Sendable {
    private let free: Guarded<[TimerInstant]>

    init(workers: Int) { free = Guarded(Array(repeating: TimerInstant(nanoseconds: 0), count: workers)) }

    func end(ofCallAt now: TimerInstant) -> TimerInstant {
        free.withLock { free in
            let worker = free.indices.min { free[$0] < free[$1] } ?? 0
            free[worker] = max(now, free[worker]).advanced(by: .milliseconds(50))
            return free[worker]
        }
    }
}
#endif
