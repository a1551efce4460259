import Testing

@testable import ConcertoResilience

/// Windows, probes and generations, without a clock or a task.
struct AdaptivePermitsTests {
    private var now = TimerInstant(nanoseconds: 0)

    private func make(_ change: (inout AdaptiveLimiterOptions) -> Void = { _ in }) -> AdaptivePermits {
        var options = AdaptiveLimiterOptions()
        var gradient = AdaptiveLimiterOptions.Gradient()
        gradient.probeInterval = nil
        options.algorithm = .gradient(gradient)
        options.random = .seeded(1)
        change(&options)
        return AdaptivePermits(options)
    }

    private func enter(_ permits: inout AdaptivePermits) -> Int? {
        guard case .granted(let generation) = permits.admit(1, at: now) else { return nil }
        return generation
    }

    /// Fills the limit and lets all go after `latency`.
    private mutating func round(_ permits: inout AdaptivePermits, latency: Int64, overload: Bool = false) {
        var generations: [Int] = []
        while let generation = enter(&permits) { generations.append(generation) }
        now = TimerInstant(nanoseconds: now.nanoseconds + latency)
        for generation in generations {
            permits.leave(generation, latency: overload ? nil : latency, isOverload: overload, at: now)
        }
    }

    private let millisecond = Int64(1_000_000)

    @Test func `no more are let in than the limit says`() {
        var permits = make { $0.initial = 3 }
        #expect((0..<5).map { _ in enter(&permits) != nil } == [true, true, true, false, false])
        permits.leave(0, latency: nil, isOverload: false, at: now)
        #expect(enter(&permits) != nil && enter(&permits) == nil)
    }

    @Test mutating func `the limit moves once a window, and not on too few samples`() {
        var permits = make {
            $0.initial = 4
            $0.minimumSamples = 10
        }
        round(&permits, latency: 100 * millisecond)  // the window begins with the first sample
        #expect(permits.limit == 4 && !permits.hasNews)
        now = TimerInstant(nanoseconds: now.nanoseconds + 1_000 * millisecond)
        round(&permits, latency: 100 * millisecond)
        #expect(permits.limit == 4)  // over the time, but 8 samples
        for _ in 0..<30 { round(&permits, latency: 400 * millisecond) }
        #expect(permits.limit > 4 && permits.takeNews() == permits.limit && permits.takeNews() == nil)
    }

    @Test mutating func `calls that are too short are no samples`() {
        var permits = make()
        for _ in 0..<100 {
            round(&permits, latency: 99_999)
            now = TimerInstant(nanoseconds: now.nanoseconds + 1_000 * millisecond)
        }
        #expect(permits.limit == 20 && permits.latency == 0)
    }

    // MARK: AIMD

    @Test mutating func `AIMD adds one while the limit is used and takes a tenth off at overload`() {
        var permits = make {
            $0.algorithm = .aimd()
            $0.initial = 20
        }
        func window() {
            now = TimerInstant(nanoseconds: now.nanoseconds + 1_000 * millisecond)
        }
        round(&permits, latency: 10 * millisecond)
        window()
        round(&permits, latency: 10 * millisecond)
        #expect(permits.limit == 21)
        window()
        round(&permits, latency: 10 * millisecond, overload: true)
        #expect(permits.limit == 18)  // 21 · 0.9
        // Overload is not waited out for so many samples.
        window()
        let generation = enter(&permits) ?? -1
        permits.leave(generation, latency: nil, isOverload: true, at: now)
        #expect(permits.limit == 16)
        // A call that takes too long is overload too.
        window()
        round(&permits, latency: 5_001 * millisecond)
        #expect(permits.limit == 14)
    }

    @Test mutating func `AIMD does not grow below half of its limit`() {
        var permits = make {
            $0.algorithm = .aimd()
            $0.initial = 20
        }
        for _ in 0..<200 {
            let generations = (0..<9).compactMap { _ in enter(&permits) }
            now = TimerInstant(nanoseconds: now.nanoseconds + 600 * millisecond)
            for generation in generations {
                permits.leave(generation, latency: 600 * millisecond, isOverload: false, at: now)
            }
        }
        #expect(permits.limit == 20)
    }

    // MARK: Probes

    private func probing(_ change: (inout AdaptiveLimiterOptions.Gradient) -> Void = { _ in }) -> AdaptivePermits {
        make {
            var gradient = AdaptiveLimiterOptions.Gradient()
            gradient.probeInterval = .seconds(10)
            change(&gradient)
            $0.algorithm = .gradient(gradient)
            $0.minimum = 8
            $0.initial = 40
            $0.maximum = 40
        }
    }

    private mutating func untilProbe(_ permits: inout AdaptivePermits, latency: Int64) {
        for _ in 0..<1_000 where !permits.isProbing { round(&permits, latency: latency) }
    }

    /// A published trap: where one number is both, a floor for batches also is what a probe goes down to.
    @Test mutating func `floor and probe are two numbers`() {
        var permits = probing { $0.probeLimit = 3 }
        untilProbe(&permits, latency: 200 * millisecond)
        #expect(permits.isProbing && permits.limit == 3)
        var half = probing()
        untilProbe(&half, latency: 200 * millisecond)
        #expect(half.limit == 20)
    }

    /// A published trap: calls that began under the old load make the latency without load look long.
    @Test mutating func `samples from before a probe do not count, nor those of the probe after it`() {
        var permits = probing { $0.probeLimit = 2 }
        var old: [Int] = []
        for _ in 0..<1_000 {
            old = (0..<39).compactMap { _ in enter(&permits) }
            let one = enter(&permits)
            now = TimerInstant(nanoseconds: now.nanoseconds + 500 * millisecond)
            if let one { permits.leave(one, latency: 500 * millisecond, isOverload: false, at: now) }
            if permits.isProbing { break }
            for generation in old {
                permits.leave(generation, latency: 500 * millisecond, isOverload: false, at: now)
                if permits.isProbing { break }
            }
            if permits.isProbing { break }
        }
        #expect(permits.isProbing)
        // What is left of the old calls ends now, slower than ever.
        while permits.used > 0 {
            permits.leave(permits.generation - 1, latency: 5_000 * millisecond, isOverload: false, at: now)
        }
        #expect(permits.isProbing)
        var late: Int?
        for number in 0..<10 {
            let generation = enter(&permits) ?? -1
            if number == 0 { late = enter(&permits) }
            now = TimerInstant(nanoseconds: now.nanoseconds + 20 * millisecond)
            permits.leave(generation, latency: 20 * millisecond, isOverload: false, at: now)
        }
        #expect(!permits.isProbing && permits.baseline == Double(20 * millisecond))
        // One of the probe's calls that ends after it: had the load of the probe around it.
        permits.leave(late ?? -1, latency: 9_000 * millisecond, isOverload: false, at: now)
        #expect(permits.used == 0 && permits.baseline == Double(20 * millisecond))
    }

    @Test mutating func `a probe that gets no samples ends all the same`() {
        var permits = probing { $0.probeLimit = 1 }
        untilProbe(&permits, latency: 200 * millisecond)
        let generation = enter(&permits) ?? -1
        #expect(enter(&permits) == nil)
        now = TimerInstant(nanoseconds: now.nanoseconds + 10_001 * millisecond)
        permits.leave(generation, latency: nil, isOverload: false, at: now)
        #expect(!permits.isProbing && permits.limit > 1)
    }

    @Test mutating func `who does not use the limit needs no probe`() {
        var permits = probing { $0.probeLimit = 2 }
        for _ in 0..<500 {
            let generation = enter(&permits) ?? -1
            now = TimerInstant(nanoseconds: now.nanoseconds + 100 * millisecond)
            permits.leave(generation, latency: 100 * millisecond, isOverload: false, at: now)
            #expect(!permits.isProbing)
        }
    }

    /// A published trap: a limit far above what the dependency bears that never comes down, because the long-term latency
    /// has long taken the queue for normal.
    @Test mutating func `a limit above capacity comes down, and the probe keeps it there`() {
        var permits = make {
            var gradient = AdaptiveLimiterOptions.Gradient()
            gradient.probeInterval = .seconds(20)
            gradient.probeLimit = 5
            $0.algorithm = .gradient(gradient)
            $0.initial = 200
        }
        // A dependency that serves 10 at a time, in 50 ms each: calls take as long as those before them need.
        let (capacity, service) = (10, 50 * millisecond)
        for _ in 0..<4_000 {
            var generations: [Int] = []
            while let generation = enter(&permits) { generations.append(generation) }
            let start = now
            for (index, generation) in generations.enumerated() {
                now = TimerInstant(nanoseconds: start.nanoseconds + Int64(1 + index / capacity) * service)
                permits.leave(generation, latency: now.nanoseconds - start.nanoseconds, isOverload: false, at: now)
            }
        }
        #expect(permits.limit <= 40 && permits.limit >= 10, "\(permits.limit)")
    }
}
