import ConcertoResilience
import ConcertoTesting
import Testing

struct RetryBudgetTests {
    private let clock = ManualClock()

    @Test func theFloorAllowsRetriesWithoutDeposits() {
        let budget = RetryBudget(ratio: 0.2, minimumPerSecond: 1, ttl: .seconds(10), clock: clock)
        #expect(budget.balance == 10)
        #expect((0..<11).filter { _ in budget.tryWithdraw() }.count == 10)
        #expect(budget.nextAvailable == .seconds(10))
        clock.advance(by: .seconds(10))
        #expect(budget.balance == 10)
    }

    @Test func depositsAllowTheirShareAndAreForgotten() {
        let budget = RetryBudget(ratio: 0.2, minimumPerSecond: 0, ttl: .seconds(10), clock: clock)
        #expect(!budget.tryWithdraw())
        #expect(budget.nextAvailable == nil)
        for _ in 0..<14 { budget.deposit() }
        #expect(budget.balance == 2)
        #expect(budget.tryWithdraw())
        clock.advance(by: .seconds(11))
        #expect(!budget.tryWithdraw())
    }

    /// Regression by design: a share that is rounded to a whole number of deposits makes 0.3 a third.
    @Test func theRatioIsNotRounded() {
        for ratio in [0.3, 0.7, 1.5, 250] {
            let budget = RetryBudget(ratio: ratio, minimumPerSecond: 0, ttl: .seconds(10), clock: ManualClock())
            for _ in 0..<10_000 { budget.deposit() }
            var withdrawn = 0
            while budget.tryWithdraw() { withdrawn += 1 }
            #expect(abs(Double(withdrawn) - 10_000 * ratio) <= 1 + 10_000 * ratio * 0.001)
        }
    }

    @Test func theWaitItTellsIsExact() {
        let budget = RetryBudget(ratio: 0, minimumPerSecond: 0.5, ttl: .seconds(10), clock: clock)
        clock.advance(by: .milliseconds(1_700))
        for _ in 0..<5 { #expect(budget.tryWithdraw()) }
        let wait = budget.nextAvailable ?? .zero
        clock.advance(by: wait - .nanoseconds(1))
        #expect(!budget.tryWithdraw())
        clock.advance(by: .nanoseconds(1))
        #expect(budget.tryWithdraw())
    }

    @Test func waitersAreServedInOrderByTimeAndByDeposits() async throws {
        let budget = RetryBudget(ratio: 1, minimumPerSecond: 0.1, ttl: .seconds(10), clock: clock)
        #expect(budget.tryWithdraw())
        let order = Log<Int>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<2 {
                group.addTask {
                    try await budget.withdraw()
                    order.append(index)
                }
                await settle { budget.waiting == index + 1 }
            }
            #expect(!budget.tryWithdraw())
            budget.deposit()
            await settle { order.entries == [0] }
            clock.advance(by: .seconds(10))
            try await group.waitForAll()
        }
        #expect(order.entries == [0, 1])
    }

    /// Against the definition: balance = floor + what was deposited less what was withdrawn in the last ten slots.
    @Test func arithmeticAgreesWithTheDefinition() {
        let random = seeded()
        for _ in 0..<50 {
            let clock = ManualClock()
            let ratio = [0.1, 0.2, 0.25, 0.5, 1, 2][random.int(below: 6)]
            let floor = random.int(below: 4)
            let budget = RetryBudget(
                ratio: ratio, minimumPerSecond: Double(floor), ttl: .seconds(10), clock: clock)
            var history: [(slot: Int64, amount: Double)] = []
            for _ in 0..<500 {
                let slot = clock.now.nanoseconds / 1_000_000_000
                let balance =
                    Double(floor) * 10
                    + history.reduce(0) { $1.slot > slot - 10 ? $0 + $1.amount : $0 }
                if random.int(below: 3) == 0 {
                    let isAllowed = balance >= 1 - 1e-9
                    #expect(budget.tryWithdraw() == isAllowed)
                    if isAllowed { history.append((slot, -1)) }
                } else {
                    budget.deposit()
                    history.append((slot, ratio))
                }
                clock.advance(by: .milliseconds(Int64(random.int(below: 300))))
            }
        }
    }

    /// Regression: a ratio so small that its cost left the range of integers was valid, and trapped.
    @Test func theSmallestRatioThatIsValidWorks() throws {
        var options = RetryBudget.Options()
        options.minimumPerSecond = 1_000_000
        options.ttl = .seconds(60)
        options.ratio = 0.0001
        #expect(try RetryBudget(options: options, clock: clock).balance == 60_000_000)
        options.ratio = 1e-6
        #expect {
            try options.validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["ratio"]
        }
    }

    @Test func invalidOptionsAreAllNamed() {
        var options = RetryBudget.Options()
        options.ttl = .milliseconds(1)
        options.ratio = -1
        options.minimumPerSecond = -1
        #expect {
            try options.validate()
        } throws: { error in
            (error as? InvalidOptionsError)?.problems.map(\.field) == ["ttl", "ratio", "minimumPerSecond"]
        }
    }
}
