#if HTTP
import Concerto
import Testing

@testable import ConcertoHTTP

@Suite struct HostPaceTests {
    /// A host that answers `limit` calls a second and keeps a burst of `burst`, called as fast as the pace lets.
    private func simulate(limit: Double, burst: Double, seconds: Int) -> (
        answered: [Int], refused: [Int], pace: HostPace
    ) {
        var pace = HostPace()
        var (now, tokens) = (TimerInstant(nanoseconds: 0), burst)
        var answered = Array(repeating: 0, count: seconds)
        var refused = Array(repeating: 0, count: seconds)
        while now.nanoseconds < Int64(seconds) * 1_000_000_000 {
            let second = Int(now.nanoseconds / 1_000_000_000)
            if pace.wait(at: now) == nil {
                pace.admitted(at: now)
                if tokens >= 1 {
                    tokens -= 1
                    answered[second] += 1
                    pace.answered(at: now)
                } else {
                    refused[second] += 1
                    pace.refused(at: now, inFlight: 0)
                }
            }
            now = now.advanced(by: .milliseconds(1))
            tokens = min(burst, tokens + limit / 1000)
        }
        return (answered, refused, pace)
    }

    @Test(arguments: [5.0, 20, 100, 400])
    func findsTheLimitAndKeepsToIt(limit: Double) {
        let (answered, refused, _) = simulate(limit: limit, burst: limit / 5 + 1, seconds: 60)
        let late = 30..<60
        let share = Double(answered[late].reduce(0, +)) / (limit * 30)
        #expect(share > 0.8, "it uses what the host gives")
        let refusals = Double(refused[late].reduce(0, +)) / Double(answered[late].reduce(0, +))
        #expect(refusals < 0.1, "and is seldom refused")
    }

    @Test func aHostThatRefusesNothingHasNoPace() {
        var pace = HostPace()
        for call in 0..<10_000 {
            let now = TimerInstant(nanoseconds: Int64(call) * 1_000)
            #expect(pace.wait(at: now) == nil)
            pace.admitted(at: now)
            pace.answered(at: now)
        }
        #expect(pace.rate == nil)
    }

    @Test func callsThatWereUnderWayDoNotLowerThePaceAgain() {
        var pace = HostPace()
        let now = TimerInstant(nanoseconds: 1_000_000)
        for _ in 0..<50 { pace.answered(at: now) }
        pace.refused(at: now, inFlight: 10)
        let rate = pace.rate
        for _ in 0..<10 { pace.refused(at: now, inFlight: 0) }
        #expect(pace.rate == rate)
        pace.refused(at: now, inFlight: 0)
        #expect(pace.rate == rate, "what was answered in the last second still says the same")
    }

    @Test func aHostThatRefusesEverythingIsAskedEverMoreSeldomButNotNever() {
        var pace = HostPace()
        var now = TimerInstant(nanoseconds: 0)
        for _ in 0..<100 {
            if let wait = pace.wait(at: now) { now = wait }
            pace.admitted(at: now)
            pace.refused(at: now, inFlight: 0)
        }
        #expect(pace.rate == 0.1)
    }

    @Test func whenTheLimitIsLiftedThePaceGoes() {
        var pace = HostPace()
        pace.refused(at: TimerInstant(nanoseconds: 0), inFlight: 0)
        var now = TimerInstant(nanoseconds: 0)
        for _ in 0..<1_000 where pace.rate != nil {
            now = now.advanced(by: .milliseconds(250))
            pace.answered(at: now)
        }
        #expect(pace.rate == nil)
    }
}
#endif
