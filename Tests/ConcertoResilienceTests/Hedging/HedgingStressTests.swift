import ConcertoResilience
import ConcertoTesting
import Foundation
import Testing

/// Nothing is lost or kept under random cancellations: a million of them with `CONCERTO_STRESS=20`.
struct HedgingStressTests {
    private static var cancellations: Int {
        ProcessInfo.processInfo.environment["CONCERTO_STRESS"].flatMap(Int.init).map { $0 * 50_000 } ?? 10_000
    }

    @Test(arguments: [false, true])
    func `every attempt that begins ends, and every result is returned or discarded, under random cancellations`(
        abandons: Bool
    ) async throws {
        let random = seeded()
        let (begun, ended, made, kept) = (Counter(), Counter(), Counter(), Counter())
        var options = HedgingOptions()
        options.maxHedges = 3
        options.delay = .fixed(.microseconds(20))
        options.budget = nil
        options.onDiscard = { _ in kept.increment() }
        let hedging = try Hedging(options: options)
        let body: @Sendable (ResilienceContext) async throws -> Int = { context in
            begun.increment()
            defer { ended.increment() }
            for _ in 0..<random.int(below: 4) { await Task.yield() }
            if random.int(below: 3) == 0 { try await Task.sleep(nanoseconds: UInt64(random.int(below: 100_000))) }
            if random.int(below: 4) == 0 { throw Failure(number: context.attempt) }
            made.increment()
            return context.attempt
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var left = Self.cancellations / 4
                    while left > 0 {
                        let call = Task {
                            let result =
                                if abandons {
                                    try await hedging.executeAbandoning { try await body($0) }
                                } else {
                                    try await hedging.execute { try await body($0) }
                                }
                            kept.increment()
                            return result
                        }
                        if random.int(below: 2) == 0 {
                            for _ in 0..<random.int(below: 5) { await Task.yield() }
                            call.cancel()
                            left -= 1
                        }
                        _ = await call.result
                    }
                }
            }
        }
        await settle { begun.value == ended.value && made.value == kept.value }
        #expect(begun.value >= Self.cancellations)
    }
}
