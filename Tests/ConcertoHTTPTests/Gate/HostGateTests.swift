#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime)
struct HostGateTests {
    private func enter(_ gate: HostGate) throws -> HostGate.Pass { try #require(gate.tryEnter()) }

    @Test func aClosedGateOpensWhenItsTimeHasCome() async throws {
        let clock = ManualClock()
        let gate = HostGate(clock: clock)
        gate.leave(try enter(gate), .refused(pause: .seconds(10)))
        async let entry = gate.enter(isRepeat: true)
        await until { gate.statistics.waiting == 1 }
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(gate.statistics.waiting == 1)
        clock.advance(by: .nanoseconds(1))
        #expect(gate.statistics.waiting == 0 && gate.statistics.inFlight == 1)
        #expect(try await entry != nil)
    }

    @Test func aLongerPauseThatComesLaterHolds() async throws {
        let clock = ManualClock()
        let gate = HostGate(clock: clock)
        let passes = [try enter(gate), try enter(gate)]
        gate.leave(passes[0], .refused(pause: .seconds(10)))
        clock.advance(by: .seconds(5))
        gate.leave(passes[1], .refused(pause: .seconds(10)))
        async let entry = gate.enter(isRepeat: false)
        await until { gate.statistics.waiting == 1 }
        clock.advance(by: .seconds(9))
        #expect(gate.statistics.waiting == 1)
        clock.advance(by: .seconds(1))
        #expect(try await entry != nil)
        #expect(gate.statistics.pausedTotal == .seconds(15))
    }

    /// Those who wait, in the order in which they are let in.
    private func order(of kinds: [Bool], at gate: HostGate, _ first: HostGate.Pass) async throws -> [Int] {
        let order = Shared<[Int]>([])
        var tasks: [Task<Void, any Error>] = []
        for (number, isRepeat) in kinds.enumerated() {
            tasks.append(
                Task {
                    let pass = try #require(try await gate.enter(isRepeat: isRepeat))
                    order.change { $0.append(number) }
                    gate.leave(pass, .answered)
                })
            await until { gate.statistics.waiting == number + 1 }
        }
        gate.leave(first, .answered)
        for task in tasks { try await task.value }
        return order.value
    }

    @Test func repeatsGoBeforeFirstsEachKindInOrder() async throws {
        let gate = HostGate(maximum: 1, clock: ManualClock())
        let order = try await order(of: [false, true, false, true], at: gate, try enter(gate))
        #expect(order == [1, 3, 0, 2])
        #expect(gate.statistics.inFlight == 0)
    }

    @Test func nobodyOvertakesAWaiter() async throws {
        let gate = HostGate(maximum: 1, clock: ManualClock())
        let first = try enter(gate)
        let waiter = Task { try await gate.enter(isRepeat: false) }
        await until { gate.statistics.waiting == 1 }
        gate.leave(first, .answered)
        #expect(gate.tryEnter() == nil && gate.statistics.inFlight == 1)
        gate.leave(try #require(try await waiter.value), .answered)
        #expect(gate.tryEnter() != nil)
    }

    @Test func aWaitThatIsCancelledTakesNoPlace() async throws {
        let gate = HostGate(maximum: 1, clock: ManualClock())
        let pass = try enter(gate)
        let waiter = Task { try await gate.enter(isRepeat: false) }
        await until { gate.statistics.waiting == 1 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(gate.statistics.waiting == 0)
        gate.leave(pass, .answered)
        #expect(gate.statistics.inFlight == 0)
    }

    @Test func aCancelledTaskIsNotLetIn() async {
        let gate = HostGate(clock: ManualClock())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await gate.enter(isRepeat: false)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(gate.statistics.inFlight == 0)
    }

    // H3.
    @Test func `a wait that cannot end in time is not begun`() async throws {
        let clock = ManualClock()
        let gate = HostGate(clock: clock)
        gate.leave(try enter(gate), .refused(pause: .seconds(10)))
        let late = TimerInstant(nanoseconds: 10_000_000_000)
        #expect(try await gate.enter(isRepeat: true, before: late) == nil)
        #expect(clock.now == TimerInstant(nanoseconds: 0) && gate.statistics.waiting == 0)
        let inTime = Task { try await gate.enter(isRepeat: true, before: late.advanced(by: .nanoseconds(1))) }
        await until { gate.statistics.waiting == 1 }
        clock.advance(by: .seconds(10))
        #expect(try await inTime.value != nil)
    }

    @Test func `a wait ends at its deadline and takes no place`() async throws {
        let clock = ManualClock()
        let gate = HostGate(maximum: 1, clock: clock)
        let pass = try enter(gate)
        let waiter = Task { try await gate.enter(isRepeat: false, before: TimerInstant(nanoseconds: 5)) }
        await clock.sleepers(count: 1)
        clock.advance(by: .nanoseconds(5))
        #expect(try await waiter.value == nil)
        #expect(gate.statistics.waiting == 0)
        gate.leave(pass, .answered)
        #expect(gate.statistics.inFlight == 0)
    }

    // H14: each of them looked through all who waited, under the lock.
    @Test func `thousands give up, and nobody is left`() async throws {
        let gate = HostGate(maximum: 1, clock: ManualClock())
        let pass = try enter(gate)
        let tasks = (0..<4_000).map { number in Task { try await gate.enter(isRepeat: number % 2 == 0) } }
        await until { gate.statistics.waiting == tasks.count }
        for task in tasks.reversed() { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
        #expect(gate.statistics.waiting == 0)
        gate.leave(pass, .answered)
        #expect(gate.tryEnter() != nil)
    }

    /// Races of entering, leaving, pausing, opening and cancelling: whoever is let in leaves, nobody hangs, the
    /// maximum holds and every place comes back.
    @Test func underStressNobodyHangsAndEveryPlaceComesBack() async {
        var random = seededRandom()
        for maximum in [1, 3, nil] as [Int?] {
            let clock = ManualClock()
            let gate = HostGate(maximum: maximum, clock: clock)
            let inside = Shared((now: 0, most: 0, entered: 0, cancelled: 0))
            let done = Shared(0)
            let tasks = (0..<400).map { _ in
                let draws = (0..<8).map { _ in Int.random(in: 0..<10, using: &random) }
                return Task {
                    for draw in draws {
                        let pass: HostGate.Pass
                        do {
                            let quick = draw > 6 ? gate.tryEnter() : nil
                            let slow = quick == nil ? try await gate.enter(isRepeat: draw % 2 == 0) : nil
                            pass = try #require(quick ?? slow)
                        } catch {
                            inside.change { $0.cancelled += 1 }
                            continue
                        }
                        inside.change {
                            $0.now += 1
                            $0.entered += 1
                            $0.most = max($0.most, $0.now)
                        }
                        if draw % 3 == 0 { await Task.yield() }
                        inside.change { $0.now -= 1 }
                        switch draw {
                        case 0: gate.leave(pass, .refused(pause: .milliseconds(3)))
                        case 1: gate.leave(pass, .abandoned)
                        default: gate.leave(pass, .answered)
                        }
                    }
                    done.change { $0 += 1 }
                }
            }
            for task in tasks where Int.random(in: 0..<5, using: &random) == 0 {
                task.cancel()
                await Task.yield()
            }
            await drive(clock) { done.value == tasks.count }
            let (now, most, entered, cancelled) = inside.value
            #expect(now == 0 && most <= maximum ?? .max)
            #expect(entered + cancelled == 400 * 8)
            #expect(gate.statistics.inFlight == 0 && gate.statistics.waiting == 0)
        }
    }
}
#endif
