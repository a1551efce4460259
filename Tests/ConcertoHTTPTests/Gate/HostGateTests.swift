#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoTesting
import TestSupport
import Testing

@Suite(.oneAtATime)
struct HostGateTests {
    @Test func aClosedGateOpensWhenItsTimeHasCome() async throws {
        let clock = ManualClock()
        let gate = HostGate(clock: clock)
        #expect(gate.tryEnter())
        gate.leave(.refused(pause: .seconds(10)))
        async let entry: Void = gate.enter(isRepeat: true)
        await until { gate.statistics.waiting == 1 }
        clock.advance(by: .seconds(10) - .nanoseconds(1))
        #expect(gate.statistics.waiting == 1)
        clock.advance(by: .nanoseconds(1))
        #expect(gate.statistics.waiting == 0 && gate.statistics.inFlight == 1)
        try await entry
    }

    @Test func aLongerPauseThatComesLaterHolds() async throws {
        let clock = ManualClock()
        let gate = HostGate(clock: clock)
        #expect(gate.tryEnter() && gate.tryEnter())
        gate.leave(.refused(pause: .seconds(10)))
        clock.advance(by: .seconds(5))
        gate.leave(.refused(pause: .seconds(10)))
        async let entry: Void = gate.enter(isRepeat: false)
        await until { gate.statistics.waiting == 1 }
        clock.advance(by: .seconds(9))
        #expect(gate.statistics.waiting == 1)
        clock.advance(by: .seconds(1))
        try await entry
        #expect(gate.statistics.pausedTotal == .seconds(15))
    }

    @Test func aWaitThatIsCancelledTakesNoPlace() async throws {
        let gate = HostGate(maximum: 1, clock: ManualClock())
        #expect(gate.tryEnter())
        let waiter = Task { try await gate.enter(isRepeat: false) }
        await until { gate.statistics.waiting == 1 }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(gate.statistics.waiting == 0)
        gate.leave(.answered)
        #expect(gate.statistics.inFlight == 0)
    }

    @Test func aCancelledTaskIsNotLetIn() async {
        let gate = HostGate(clock: ManualClock())
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await gate.enter(isRepeat: false)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(gate.statistics.inFlight == 0)
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
                        do {
                            if draw > 6, gate.tryEnter() {} else { try await gate.enter(isRepeat: draw % 2 == 0) }
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
                        case 0: gate.leave(.refused(pause: .milliseconds(3)))
                        case 1: gate.leave(.abandoned)
                        default: gate.leave(.answered)
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
