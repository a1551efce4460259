import Testing

@testable import ConcertoRuntime

/// When a pool says that it cannot go on. Times are in seconds.
@Suite struct ExhaustionTests {
    private typealias Look = (second: Double, isExhausted: Bool)

    private func times(_ exhaustion: inout Exhaustion, _ looks: [Look]) -> [Double] {
        looks.filter { exhaustion.isTime(at: Int64($0.second * 1e9), isExhausted: $0.isExhausted) }.map(\.second)
    }

    @Test func `it says so after a second, and then once a minute`() {
        var exhaustion = Exhaustion()
        let looks = stride(from: 5.0, through: 130, by: 0.5).map { ($0, true) }
        #expect(times(&exhaustion, looks) == [6, 66, 126])
    }

    @Test func `a thread that comes back in time keeps it silent`() {
        var exhaustion = Exhaustion()
        let looks = [(0, true), (0.9, true), (0.95, false), (1.0, true), (1.9, true), (2.1, true)]
        #expect(times(&exhaustion, looks) == [2.1])
    }

    @Test func `one that fails again and again does not say so more often`() {
        var exhaustion = Exhaustion()
        var looks: [Look] = []
        for second in stride(from: 100.0, to: 250, by: 3) {
            looks += [(second, true), (second + 1.5, true), (second + 2, false)]
        }
        #expect(times(&exhaustion, looks) == [101.5, 161.5, 221.5])
    }

    @Test func `it says what the limit is and what to do`() {
        let own = Exhaustion.text(pool: "p", threads: 4, jobs: 7, isRefused: false)
        #expect(own.contains("all 4 threads of the pool \"p\"") && own.contains("jobs that wait: 7"))
        #expect(own.contains("CONCERTO_POOL_MAX_THREADS"))
        let system = Exhaustion.text(pool: "p", threads: 4, jobs: 7, isRefused: true)
        #expect(system.contains("CONCERTO_POOL_STACK_SIZE") && !system.contains("MAX_THREADS"))
    }
}
