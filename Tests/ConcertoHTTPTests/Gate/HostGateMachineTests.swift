#if HTTP
import Concerto
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoHTTP

struct HostGateMachineTests {
    private typealias Machine = HostGateMachine<Int>

    private func time(_ seconds: Int) -> TimerInstant { TimerInstant(nanoseconds: Int64(seconds) * 1_000_000_000) }

    private func ticket(_ entry: Machine.Entry) -> UInt64? {
        if case .waits(let ticket, _) = entry { ticket } else { nil }
    }

    private func enter(_ machine: inout Machine, now: TimerInstant = TimerInstant(nanoseconds: 0)) {
        let isIn = machine.tryEnter(now: now)
        #expect(isIn)
    }

    private func expectRoom(
        _ count: Int, in machine: inout Machine, now: TimerInstant = TimerInstant(nanoseconds: 0)
    ) {
        var entered = 0
        while machine.tryEnter(now: now) { entered += 1 }
        #expect(entered == count)
    }

    /// `#expect` takes no mutating call.
    private func expect<Value: Equatable>(_ actual: Value, _ expected: Value) { #expect(actual == expected) }

    @Test func letsInAsManyAsTheMaximumAndTheRestInOrder() {
        var machine = Machine(maximum: 2)
        expectRoom(2, in: &machine)
        _ = machine.enter(isRepeat: false, 1, now: time(0))
        _ = machine.enter(isRepeat: false, 2, now: time(0))
        expect(machine.leave(.answered, now: time(0)).admitted, [1])
        expect(machine.leave(.abandoned, now: time(0)).admitted, [2])
        #expect(machine.inFlight == 2 && machine.waiting == 0)
    }

    @Test func nobodyOvertakesAWaiter() {
        var machine = Machine(maximum: 1)
        enter(&machine)
        _ = machine.enter(isRepeat: false, 1, now: time(0))
        _ = machine.leave(.answered, now: time(0))
        expectRoom(0, in: &machine)
        #expect(machine.inFlight == 1)
    }

    @Test func repeatsGoBeforeFirstsEachKindInOrder() {
        var machine = Machine(maximum: 1)
        enter(&machine)
        for (number, isRepeat) in [(1, false), (2, true), (3, false), (4, true)] {
            _ = machine.enter(isRepeat: isRepeat, number, now: time(0))
        }
        let order = (0..<4).flatMap { _ in machine.leave(.answered, now: time(0)).admitted }
        #expect(order == [2, 4, 1, 3])
    }

    @Test func aPauseLetsNobodyInUntilItIsOver() {
        var machine = Machine(maximum: nil)
        enter(&machine)
        expect(machine.leave(.refused(pause: .seconds(10)), now: time(0)).timer, time(10))
        expectRoom(0, in: &machine)
        _ = machine.enter(isRepeat: true, 1, now: time(0))
        expect(machine.open(now: time(9)).timer, time(10))
        expect(machine.open(now: time(10)).admitted, [1])
        #expect(machine.pausedUntil == nil)
    }

    @Test func aPauseIsNeverShortenedAndOverlapsCountOnce() {
        var machine = Machine(maximum: nil)
        for _ in 0..<4 { enter(&machine) }
        expect(machine.leave(.refused(pause: .seconds(10)), now: time(0)).timer, time(10))
        expect(machine.leave(.refused(pause: .seconds(3)), now: time(1)).timer, nil)
        #expect(machine.pausedUntil == time(10))
        expect(machine.leave(.refused(pause: .seconds(14)), now: time(6)).timer, nil)
        #expect(machine.pausedUntil == time(20))
        expect(machine.leave(.refused(pause: nil), now: time(7)).timer, nil)
        #expect(machine.pausedUntil == time(20))
        #expect(machine.pausedTotal == .seconds(20))
        // The timer of the first request finds the longer one.
        expect(machine.open(now: time(10)).timer, time(20))
        expect(machine.open(now: time(20)).timer, nil)
        #expect(machine.pausedUntil == nil)
    }

    @Test func pausesApartAddUp() {
        var machine = Machine(maximum: nil)
        enter(&machine)
        _ = machine.leave(.refused(pause: .seconds(2)), now: time(0))
        _ = machine.open(now: time(2))
        enter(&machine)
        _ = machine.leave(.refused(pause: .seconds(3)), now: time(10))
        #expect(machine.pausedTotal == .seconds(5))
    }

    @Test func aPauseOfZeroIsNone() {
        var machine = Machine(maximum: nil)
        enter(&machine)
        expect(machine.leave(.refused(pause: .zero), now: time(0)).timer, nil)
        #expect(machine.pausedUntil == nil)
    }

    @Test func afterARefusalOneThenTwoThenFourGoIn() {
        var machine = Machine(maximum: nil)
        enter(&machine)
        _ = machine.leave(.refused(pause: .seconds(1)), now: time(0))
        for number in 1...7 { _ = machine.enter(isRepeat: true, number, now: time(0)) }
        expect(machine.open(now: time(1)).admitted, [1])
        expect(machine.leave(.answered, now: time(1)).admitted, [2, 3])
        expect(machine.leave(.answered, now: time(1)).admitted, [4, 5, 6])
        // A second refusal begins anew; those that are in may finish.
        expect(machine.leave(.refused(pause: .seconds(1)), now: time(1)).admitted, [])
        #expect(machine.window == 1)
    }

    @Test func theWindowEndsAndTheMaximumHoldsAgain() {
        var machine = Machine(maximum: 3)
        enter(&machine)
        _ = machine.leave(.refused(pause: .seconds(1)), now: time(0))
        _ = machine.open(now: time(1))
        for _ in 0..<20 where machine.window != nil {
            enter(&machine)
            _ = machine.leave(.answered, now: time(0))
        }
        #expect(machine.window == nil)
        expectRoom(3, in: &machine)
    }

    @Test func whoGivesUpLeavesTheQueueOnceAndWhoIsInStaysIn() throws {
        var machine = Machine(maximum: 1)
        enter(&machine)
        let firstEntry = machine.enter(isRepeat: false, 1, now: time(0))
        let first = try #require(ticket(firstEntry))
        let secondEntry = machine.enter(isRepeat: true, 2, now: time(0))
        let second = try #require(ticket(secondEntry))
        expect(machine.withdraw(ticket: first), 1)
        expect(machine.withdraw(ticket: first), nil)
        expect(machine.leave(.answered, now: time(0)).admitted, [2])
        expect(machine.withdraw(ticket: second), nil)
        #expect(machine.inFlight == 1 && machine.waiting == 0)
    }

    /// Regression: a timer was under way, and nobody looked for when: who waited for a pace that had become quicker waited for
    /// the slower one's turn.
    @Test func aPaceThatGetsQuickerHasItsTimerInTime() throws {
        var machine = Machine(maximum: nil)
        for second in [0, 1, 3] {
            enter(&machine, now: time(second))
            _ = machine.leave(.refused(pause: nil), now: time(second))
        }
        enter(&machine, now: time(7))
        enter(&machine, now: time(11))
        guard case .waits(_, let slow) = machine.enter(isRepeat: false, 1, now: time(11)) else {
            Issue.record("the pace lets nobody in yet")
            return
        }
        #expect(slow == time(15))
        _ = machine.leave(.answered, now: time(11))
        let actions = machine.leave(.refused(pause: nil), now: time(11))
        let quick = try #require(actions.timer)
        #expect(quick < time(13))
        expect(machine.open(now: quick, timer: quick).admitted, [1])
        // The other timer finds nothing, and leaves none behind.
        expect(machine.open(now: time(15), timer: time(15)).timer, nil)
    }

    /// Any order of events keeps the promises: nobody in while paused, never more than the limit let in, everybody
    /// let in or taken back exactly once, repeats first, each kind in order.
    @Test func anyOrderOfEventsKeepsTheInvariants() {
        var random = seededRandom()
        for _ in 0..<300 {
            let maximum = Bool.random(using: &random) ? nil : Int.random(in: 1...4, using: &random)
            var machine = Machine(maximum: maximum)
            var now = time(0)
            var (inside, next) = (0, 0)
            var waiting: [(number: Int, ticket: UInt64, isRepeat: Bool)] = []
            func expectAdmission(_ admitted: [Int]) {
                for number in admitted {
                    let expected = (waiting.first { $0.isRepeat } ?? waiting.first)?.number
                    #expect(number == expected)
                    waiting.removeAll { $0.number == number }
                    inside += 1
                }
                guard !admitted.isEmpty else { return }
                #expect(machine.pausedUntil == nil)
                #expect(inside <= min(maximum ?? .max, machine.window ?? .max))
            }
            for _ in 0..<200 {
                let before = (pause: machine.pausedUntil, total: machine.pausedTotal)
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    if machine.tryEnter(now: now) {
                        #expect(waiting.isEmpty && before.pause == nil)
                        inside += 1
                    }
                case 1, 2:
                    next += 1
                    let isRepeat = Bool.random(using: &random)
                    if let ticket = ticket(machine.enter(isRepeat: isRepeat, next, now: now)) {
                        waiting.append((next, ticket, isRepeat))
                    } else {
                        #expect(before.pause == nil)
                        inside += 1
                    }
                case 3 where inside > 0:
                    inside -= 1
                    let outcomes: [HostGate.Outcome] = [
                        .answered, .abandoned, .refused(pause: nil),
                        .refused(pause: .seconds(Int.random(in: 0...5, using: &random))),
                    ]
                    let outcome = outcomes.randomElement(using: &random)!
                    expectAdmission(machine.leave(outcome, now: now).admitted)
                    if let pause = before.pause { #expect(machine.pausedUntil.map { $0 >= pause } == true) }
                case 4:
                    now = now.advanced(by: .seconds(1))
                    expectAdmission(machine.open(now: now).admitted)
                    if let until = machine.pausedUntil { #expect(until > now) }
                case 5 where !waiting.isEmpty:
                    let gone = waiting.remove(at: Int.random(in: waiting.indices, using: &random))
                    expect(machine.withdraw(ticket: gone.ticket), gone.number)
                default: break
                }
                #expect(machine.inFlight == inside)
                #expect(machine.waiting == waiting.count)
                #expect(machine.pausedTotal >= before.total)
                // Nobody waits in front of an open door.
                #expect(
                    waiting.isEmpty || machine.pausedUntil != nil || machine.pace.wait(at: now) != nil
                        || inside >= min(maximum ?? .max, machine.window ?? .max))
            }
        }
    }
}
#endif
