import Testing

@testable import ConcertoRuntime

@Suite struct TimerWheelTests {
    static let tick = Int64(1) << Int64(TimerWheel.tickShift)

    private func node(_ deadline: Int64) -> TimerNode {
        TimerNode(deadline: deadline, payload: .none, service: .shared)
    }

    @Test func `fires nothing early and everything within a tick`() {
        var wheel = TimerWheel(now: 0)
        wheel.insert(node(Self.tick + 1))
        var due: [TimerNode] = []
        wheel.advance(to: Self.tick + 1, into: &due)
        #expect(due.isEmpty)
        wheel.advance(to: 2 * Self.tick, into: &due)
        #expect(due.count == 1)
        #expect(wheel.count == 0)
    }

    @Test func `hands out by deadline, and equal deadlines in the order of insertion`() {
        var wheel = TimerWheel(now: 0)
        let late = node(900)
        let twins = [node(500), node(500), node(500)]
        wheel.insert(late)
        for twin in twins { wheel.insert(twin) }
        var due: [TimerNode] = []
        wheel.advance(to: Self.tick, into: &due)
        #expect(due.map(ObjectIdentifier.init) == (twins + [late]).map(ObjectIdentifier.init))
    }

    @Test func `a removed timer is never handed out and its memory is free`() {
        var wheel = TimerWheel(now: 0)
        weak var observed: TimerNode?
        do {
            let timer = node(5 * Self.tick)
            observed = timer
            wheel.insert(timer)
            let (first, second) = (wheel.remove(timer), wheel.remove(timer))
            #expect(first && !second)
        }
        #expect(observed == nil)
        var due: [TimerNode] = []
        wheel.advance(to: 100 * Self.tick, into: &due)
        #expect(due.isEmpty)
        #expect(wheel.nextDeadline() == nil)
    }

    @Test func `takes every deadline, from before the clock's origin to the end of time`() {
        var wheel = TimerWheel(now: 1_000 * Self.tick)
        for deadline in [Int64.min, -1, 0, 1, .max - 1, .max] { wheel.insert(node(deadline)) }
        var due: [TimerNode] = []
        wheel.advance(to: 1_000 * Self.tick, into: &due)
        #expect(due.map(\.deadline) == [.min, -1, 0, 1])
        wheel.advance(to: .max - Self.tick, into: &due)
        #expect(wheel.count == 2)
    }

    @Test func `agrees with a sorted list over random inserts, removals and leaps`() {
        var random = Seeded()
        for _ in 0..<200 {
            var now = Int64.random(in: 0...(1 << 50), using: &random)
            var wheel = TimerWheel(now: now)
            var model: [TimerNode] = []
            for _ in 0..<300 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<6:
                    let span = Int64(1) << Int64.random(in: 0...55, using: &random)
                    let timer = node(now + Int64.random(in: -span...span, using: &random))
                    wheel.insert(timer)
                    model.append(timer)
                case 6..<8:
                    guard !model.isEmpty else { continue }
                    let timer = model.remove(at: Int.random(in: 0..<model.count, using: &random))
                    let removed = wheel.remove(timer)
                    #expect(removed)
                default:
                    let leap = Int64(1) << Int64.random(in: 0...50, using: &random)
                    now += Int64.random(in: 0...leap, using: &random)
                    let limit = TimerWheel.lastTick(at: now)
                    let expected = model.filter { $0.tick <= limit }
                        .sorted { ($0.deadline, $0.sequence) < ($1.deadline, $1.sequence) }
                    model.removeAll { $0.tick <= limit }
                    var due: [TimerNode] = []
                    wheel.advance(to: now, into: &due)
                    #expect(due.map(ObjectIdentifier.init) == expected.map(ObjectIdentifier.init))
                }
                #expect(wheel.count == model.count)
                let next = wheel.nextDeadline()
                #expect((next == nil) == model.isEmpty)
                if let next, let earliest = model.map({ $0.tick }).min() {
                    #expect(next <= TimerWheel.start(of: max(earliest, wheel.elapsed)))
                }
            }
        }
    }
}
