#if HTTP
import Concerto
import ConcertoTesting
import Testing

@testable import ConcertoHTTP

/// How fast a host is called that refuses calls without saying when to come back.
@Suite struct HostPaceTests {
    private func simulation(
        _ rows: Int, _ slots: Int, seed: UInt64 = 1, retries: Int = 4, latency: Double = 0.005, lateness: Double = 0
    ) -> PaceSimulation {
        PaceSimulation(
            rows: rows, slots: slots, retries: retries, latency: latency, lateness: lateness,
            random: SeededRandom(seed: seed))
    }

    // B45.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a rate is found after one burst, kept to, and hardly ever overstepped`(seed: UInt64) {
        var simulation = simulation(2_000, 200, seed: seed)
        let outcome = simulation.run(RefusingHost.bucket(20, burst: 20))
        #expect(outcome.failed == 0)
        #expect(outcome.rowsPerSecond >= 19, "\(outcome)")
        #expect(outcome.callsPerRow <= 1.17, "\(outcome)")
    }

    // T2.
    @Test(arguments: [(16, 1), (16, 2), (200, 3)] as [(Int, UInt64)])
    func `nginx's limit is used to nine tenths, and all rows succeed`(slots: Int, seed: UInt64) {
        for retries in [4, 10] {
            var simulation = simulation(1_000, slots, seed: seed, retries: retries, lateness: 0.002)
            let outcome = simulation.run(RefusingHost.nginx(90, burst: 1))
            #expect(outcome.failed == 0, "\(outcome)")
            #expect(outcome.rowsPerSecond >= 81, "\(outcome)")
            #expect(outcome.callsPerRow <= 1.35, "\(outcome)")
        }
    }

    /// Ten times the same rows, to a host that is another each time: the seconds of all, and a script's.
    private func compare(_ rows: Int, _ host: (_ seed: UInt64) -> PaceSimulation.Host) -> (all: Double, script: Double)
    {
        var (all, script) = (0.0, 0.0)
        for seed in 1...10 as ClosedRange<UInt64> {
            var simulation = simulation(rows, 16, seed: seed)
            script += simulation.runScript(host(seed)).seconds
            let outcome = simulation.run(host(seed))
            #expect(outcome.done == rows)
            all += outcome.seconds
        }
        return (all, script)
    }

    // T3: the pace fell to 0.1/s, and 2,000 rows were not through within a minute.
    @Test(arguments: [0.01, 0.05, 0.2, 0.5])
    func `refusals at random slow nobody down`(share: Double) {
        let (all, script) = compare(2_000) { RefusingHost.random(share, seed: $0) }
        #expect(all <= script / 0.8, "\(all) s against \(script) s")
    }

    // T3: 63 of 1,050 rows in 150 s.
    @Test(arguments: [0.05, 0.5])
    func `a key that is out of quota slows no other down`(share: Double) {
        let (all, script) = compare(1_000) { RefusingHost.keyed(share, seed: $0) }
        #expect(all <= script / 0.8, "\(all) s against \(script) s")
    }

    @Test(arguments: [16, 64])
    func `a limit of calls at a time is met by a pace`(slots: Int) {
        var simulation = simulation(1_000, slots, latency: 0.1)
        let outcome = simulation.run(RefusingHost.concurrency(8))
        #expect(outcome.failed == 0)
        #expect(outcome.rowsPerSecond >= 52, "\(outcome)")
        #expect(outcome.callsPerRow <= 1.2, "\(outcome)")
    }

    @Test func `slow answers do not hide that refusals are a rate`() {
        var simulation = simulation(500, 64, latency: 5)
        let outcome = simulation.run(RefusingHost.bucket(20, burst: 20))
        #expect(outcome.failed == 0)
        #expect(outcome.callsPerRow <= 1.35, "\(outcome)")
    }

    @Test func `a host that refuses nothing has no pace`() {
        var simulation = simulation(5_000, 64)
        let outcome = simulation.run { _, _, _ in true }
        #expect(outcome.pace == nil && outcome.calls == 5_000)
    }

    @Test func `a host that refuses everything is asked twice a second`() {
        var pace = HostPace()
        var now = TimerInstant(nanoseconds: 0)
        var last = now
        for _ in 0..<200 {
            if let wait = pace.wait(at: now) { now = wait }
            last = now
            let pass = pace.admitted(isRepeat: false, at: now)
            now = now.advanced(by: .milliseconds(1))
            pace.refused(pass, at: now)
        }
        let wait = pace.wait(at: now)
        #expect(wait.map { last.duration(to: $0) } == .milliseconds(500))
    }

    @Test func `when the limit is lifted the pace goes`() {
        var isLimited = true
        let limited = RefusingHost.bucket(50, burst: 1)
        var simulation = simulation(20_000, 64)
        let outcome = simulation.run { row, now, inFlight in
            if now > 10 { isLimited = false }
            return isLimited ? limited(row, now, inFlight) : true
        }
        #expect(outcome.failed == 0)
        #expect(outcome.seconds < 30, "\(outcome)")
    }

    @Test func `a limit that comes later is found too`() {
        let limited = RefusingHost.bucket(50, burst: 1)
        var simulation = simulation(3_000, 16)
        let outcome = simulation.run { row, now, inFlight in now < 0.5 || limited(row, now, inFlight) }
        #expect(outcome.failed <= 3, "\(outcome)")
        #expect(outcome.callsPerRow <= 1.15, "\(outcome)")
    }
}
#endif
