#if HTTP
import Concerto
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoHTTP

struct HostGateMachineTests {
    private func time(_ seconds: Int) -> TimerInstant { TimerInstant(nanoseconds: Int64(seconds) * 1_000_000_000) }

    private func enter(_ machine: inout HostGateMachine, at second: Int = 0) throws -> HostPace.Pass {
        let pass = machine.tryEnter(isRepeat: false, now: time(second))
        return try #require(pass)
    }

    /// Lets in as many as there is room for.
    private func fill(_ machine: inout HostGateMachine, at second: Int = 0) -> [HostPace.Pass] {
        var passes: [HostPace.Pass] = []
        while passes.count < 10_000, let pass = machine.tryEnter(isRepeat: false, now: time(second)) {
            passes.append(pass)
        }
        return passes
    }

    /// `#expect` takes no mutating call.
    private func expect<Value: Equatable>(_ actual: Value, _ expected: Value) { #expect(actual == expected) }

    @Test func letsInAsManyAsTheMaximum() throws {
        var machine = HostGateMachine(maximum: 2)
        let passes = fill(&machine)
        #expect(passes.count == 2 && machine.inFlight == 2)
        machine.leave(passes[0], .abandoned, now: time(0))
        machine.leave(passes[1], .answered, now: time(0))
        expect(fill(&machine).count, 2)
    }

    @Test func aPauseLetsNobodyInUntilItIsOver() throws {
        var machine = HostGateMachine(maximum: nil)
        machine.leave(try enter(&machine), .refused(pause: .seconds(10)), now: time(0))
        expect(machine.armTimer(someoneWaits: false, now: time(0)), time(10))
        expect(fill(&machine).count, 0)
        machine.open(now: time(9))
        expect(machine.armTimer(someoneWaits: true, now: time(9)), time(10))
        machine.open(now: time(10))
        #expect(machine.pausedUntil == nil)
        expect(fill(&machine, at: 10).count, 1)
    }

    @Test func aPauseIsNeverShortenedAndOverlapsCountOnce() throws {
        var machine = HostGateMachine(maximum: nil)
        let passes = try (0..<4).map { _ in try enter(&machine) }
        machine.leave(passes[0], .refused(pause: .seconds(10)), now: time(0))
        expect(machine.armTimer(someoneWaits: false, now: time(0)), time(10))
        machine.leave(passes[1], .refused(pause: .seconds(3)), now: time(1))
        expect(machine.armTimer(someoneWaits: false, now: time(1)), nil)
        #expect(machine.pausedUntil == time(10))
        machine.leave(passes[2], .refused(pause: .seconds(14)), now: time(6))
        #expect(machine.pausedUntil == time(20))
        machine.leave(passes[3], .refused(pause: nil), now: time(7))
        #expect(machine.pausedUntil == time(20))
        #expect(machine.pausedTotal == .seconds(20))
        // The timer of the first request finds the longer one.
        machine.open(now: time(10), timer: time(10))
        expect(machine.armTimer(someoneWaits: false, now: time(10)), time(20))
        machine.open(now: time(20), timer: time(20))
        expect(machine.armTimer(someoneWaits: false, now: time(20)), nil)
        #expect(machine.pausedUntil == nil)
    }

    @Test func pausesApartAddUp() throws {
        var machine = HostGateMachine(maximum: nil)
        machine.leave(try enter(&machine), .refused(pause: .seconds(2)), now: time(0))
        machine.open(now: time(2))
        machine.leave(try enter(&machine, at: 2), .refused(pause: .seconds(3)), now: time(10))
        #expect(machine.pausedTotal == .seconds(5))
    }

    @Test func aPauseOfZeroIsNone() throws {
        var machine = HostGateMachine(maximum: nil)
        machine.leave(try enter(&machine), .refused(pause: .zero), now: time(0))
        expect(machine.armTimer(someoneWaits: true, now: time(0)), nil)
        #expect(machine.pausedUntil == nil)
    }

    @Test func afterARefusalOneThenTwoThenFourGoIn() throws {
        var machine = HostGateMachine(maximum: nil)
        machine.leave(try enter(&machine), .refused(pause: .seconds(1)), now: time(0))
        machine.open(now: time(1))
        let first = fill(&machine, at: 1)
        #expect(first.count == 1)
        machine.leave(first[0], .answered, now: time(1))
        let second = fill(&machine, at: 1)
        #expect(second.count == 2)
        machine.leave(second[0], .answered, now: time(1))
        // Four at a time, one of which is still in.
        expect(fill(&machine, at: 1).count, 3)
        // A second refusal begins anew; those that are in may finish.
        machine.leave(second[1], .refused(pause: .seconds(1)), now: time(1))
        #expect(machine.window == 1)
    }

    @Test func `an attempt without an answer widens no window`() throws {
        var machine = HostGateMachine(maximum: nil)
        machine.startSlowly()
        machine.leave(try enter(&machine), .failed, now: time(0))
        expect(fill(&machine).count, 1)
    }

    @Test func theWindowEndsAndTheMaximumHoldsAgain() throws {
        var machine = HostGateMachine(maximum: 3)
        machine.leave(try enter(&machine), .refused(pause: .seconds(1)), now: time(0))
        machine.open(now: time(1))
        for _ in 0..<20 where machine.window != nil {
            machine.leave(try enter(&machine, at: 1), .answered, now: time(1))
        }
        #expect(machine.window == nil)
        expect(fill(&machine, at: 1).count, 3)
    }

    @Test func `how long nothing but refusals came begins with the first of them`() throws {
        var machine = HostGateMachine(maximum: nil)
        let passes = try (0..<5).map { _ in try enter(&machine) }
        machine.leave(passes[0], .answered, now: time(1))
        #expect(machine.refusesOnly(now: time(5)) == .zero)
        machine.leave(passes[1], .refused(pause: nil, status: 503), now: time(6))
        machine.leave(passes[2], .refused(pause: nil, status: 503), now: time(8))
        machine.leave(passes[3], .failed, now: time(8))
        #expect(machine.refusesOnly(now: time(9)) == .seconds(3))
        machine.leave(passes[4], .answered, now: time(9))
        #expect(machine.refusesOnly(now: time(10)) == .zero)
    }

    @Test func `the hold says what a host was refused with`() throws {
        var machine = HostGateMachine(maximum: nil)
        #expect(machine.hold == nil)
        machine.leave(try enter(&machine), .refused(pause: .seconds(1), status: 503), now: time(0))
        #expect(machine.hold == .asked(status: 503))
        machine.open(now: time(1))
        #expect(machine.hold == nil)
    }

    /// Any order of events keeps the promises: nobody in while paused, never more than the limit let in, no place lost, and a
    /// timer for all who wait for time alone.
    @Test func anyOrderOfEventsKeepsTheInvariants() {
        var random = seededRandom()
        for _ in 0..<300 {
            let maximum = Bool.random(using: &random) ? nil : Int.random(in: 1...4, using: &random)
            var machine = HostGateMachine(maximum: maximum)
            var now = time(0)
            var inside: [HostPace.Pass] = []
            var timers: [TimerInstant] = []
            for _ in 0..<400 {
                let before = (pause: machine.pausedUntil, total: machine.pausedTotal)
                switch Int.random(in: 0..<5, using: &random) {
                case 0, 1:
                    let isRepeat = Bool.random(using: &random)
                    if let pass = machine.tryEnter(isRepeat: isRepeat, now: now) {
                        #expect(before.pause == nil)
                        inside.append(pass)
                        #expect(inside.count <= min(maximum ?? .max, machine.window ?? .max))
                    }
                case 2, 3:
                    guard !inside.isEmpty else { break }
                    let pass = inside.remove(at: Int.random(in: inside.indices, using: &random))
                    let outcomes: [HostGate.Outcome] = [
                        .answered, .abandoned, .failed, .refused(pause: nil), .refused(pause: nil),
                        .refused(pause: .seconds(Int.random(in: 0...5, using: &random))),
                    ]
                    machine.leave(pass, outcomes.randomElement(using: &random)!, now: now)
                    if let pause = before.pause { #expect(machine.pausedUntil.map { $0 >= pause } == true) }
                case 4:
                    now = now.advanced(by: .milliseconds(Int.random(in: 0...1_500, using: &random)))
                    for timer in timers where timer <= now { machine.open(now: now, timer: timer) }
                    timers.removeAll { $0 <= now }
                    if let until = machine.pausedUntil { #expect(until > now) }
                default: break
                }
                if let timer = machine.armTimer(someoneWaits: true, now: now) { timers.append(timer) }
                #expect(machine.inFlight == inside.count)
                #expect(machine.pausedTotal >= before.total)
                // Nobody waits in front of an open door, and nobody for a door that no timer opens.
                if !machine.hasRoom(now: now), inside.count < min(maximum ?? .max, machine.window ?? .max) {
                    let opens = machine.pausedUntil ?? machine.pace.wait(at: now)
                    #expect(opens.map { opens in timers.contains { $0 <= opens } } == true)
                }
            }
        }
    }
}
#endif
