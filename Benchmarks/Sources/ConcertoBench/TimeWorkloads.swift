import Concerto
import Glibc
import Synchronization

extension Workload {
    static let time: [Workload] = [
        Workload(name: "timers_100k") { await timers { try? await Task.sleep(for: $0) } },
        Workload(name: "timers_clock_100k") { await timers { try? await MonotonicClock().sleep(for: $0) } },
        Workload(name: "timers_callback_100k") { await timerCallbacks() },
        Workload(name: "timers_floor_100k", onlyByName: true) { await timersFloor() },
        .timed("sleep_1ns_1m") {
            for _ in 0..<1_000_000 { try? await Task.sleep(for: .nanoseconds(1)) }
        },
        Workload(name: "cancelled_sleeps_500k") { await cancelledSleeps { try? await Task.sleep(for: $0) } },
        Workload(name: "cancelled_sleeps_clock_500k") {
            await cancelledSleeps { try? await MonotonicClock().sleep(for: $0) }
        },
    ]

    /// Delays of 1…100 ms, all started together; how late each ended.
    private static func timers(_ sleep: @escaping @Sendable (Duration) async -> Void) async -> Outcome {
        let count = 100_000
        let start = ContinuousClock.now
        var late: [Double] = []
        late.reserveCapacity(count)
        var tasks: [Task<Double, Never>] = []
        tasks.reserveCapacity(count)
        for index in 0..<count {
            tasks.append(
                Task {
                    let wanted = 1 + index % 100
                    let begin = ContinuousClock.now
                    await sleep(.milliseconds(wanted))
                    return (ContinuousClock.now - begin).milliseconds - Double(wanted)
                })
        }
        for task in tasks { late.append(await task.value) }
        let total = (ContinuousClock.now - start).milliseconds
        late.sort()
        precondition(late[0] >= 0, "a delay ended early")
        return Outcome(
            milliseconds: total,
            extra: [("late_p50_ms", late[count / 2]), ("late_p99_ms", late[count * 99 / 100])])
    }

    /// The timers of `timers_100k` without a task for each: what the wheel itself takes.
    private static func timerCallbacks() async -> Outcome {
        let count = 100_000
        let callbacks = Callbacks(count)
        let clock = MonotonicClock()
        let start = ContinuousClock.now
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            for index in 0..<count {
                let deadline = clock.now.advanced(by: .milliseconds(1 + index % 100))
                _ = clock.schedule(at: deadline) {
                    callbacks.note(index, late: deadline.duration(to: clock.now).milliseconds, last: done)
                }
            }
        }
        let total = (ContinuousClock.now - start).milliseconds
        let late = callbacks.late.sorted()
        precondition(late[0] >= 0, "a timer fired early")
        return Outcome(
            milliseconds: total,
            extra: [("late_p50_ms", late[count / 2]), ("late_p99_ms", late[count * 99 / 100])])
    }

    /// Each place is written by one callback, and read when all have run; hence unchecked.
    private final class Callbacks: @unchecked Sendable {
        let late: UnsafeMutableBufferPointer<Double>
        private let missing: Atomic<Int>

        init(_ count: Int) {
            late = .allocate(capacity: count)
            missing = Atomic(count)
        }
        deinit { late.deallocate() }

        func note(_ index: Int, late: Double, last: UnsafeContinuation<Void, Never>) {
            self.late.initializeElement(at: index, to: late)
            if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { last.resume() }
        }
    }

    /// The tasks of `timers_100k` without a timer: all wait, then one thread resumes them. A delay of 100 ms that begins
    /// when the last of them waits (`waiting_ms`) ends 100 ms later, whatever a timer costs.
    private static func timersFloor() async -> Outcome {
        let count = 100_000
        let waiters = Waiters(count)
        let start = ContinuousClock.now
        var tasks: [Task<Double, Never>] = []
        tasks.reserveCapacity(count)
        for _ in 0..<count {
            tasks.append(
                Task {
                    let begin = ContinuousClock.now
                    await withUnsafeContinuation { waiters.add($0) }
                    return (ContinuousClock.now - begin).milliseconds
                })
        }
        while !waiters.allWait { await Task.yield() }
        let waiting = (ContinuousClock.now - start).milliseconds
        waiters.resumeAll()
        for task in tasks { _ = await task.value }
        return Outcome(
            milliseconds: (ContinuousClock.now - start).milliseconds, extra: [("waiting_ms", waiting)])
    }

    /// Each continuation is written once, at a place of its own, and read when all are there; hence unchecked.
    private final class Waiters: @unchecked Sendable {
        private let places: UnsafeMutableBufferPointer<UnsafeContinuation<Void, Never>>
        private let begun = Atomic(0)
        private let waiting = Atomic(0)

        init(_ count: Int) { places = .allocate(capacity: count) }
        deinit { places.deallocate() }

        var allWait: Bool { waiting.load(ordering: .acquiring) == places.count }

        func add(_ waiter: UnsafeContinuation<Void, Never>) {
            places.initializeElement(at: begun.add(1, ordering: .relaxed).oldValue, to: waiter)
            waiting.add(1, ordering: .releasing)
        }

        func resumeAll() { for place in places { place.resume() } }
    }

    /// 500,000 delays of an hour, all cancelled; what stays in memory.
    private static func cancelledSleeps(_ sleep: @escaping @Sendable (Duration) async -> Void) async -> Outcome {
        let start = ContinuousClock.now
        let before = residentMegabytes()
        var tasks: [Task<Void, Never>] = []
        tasks.reserveCapacity(500_000)
        for _ in 0..<500_000 { tasks.append(Task { await sleep(.seconds(3600)) }) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        let peak = residentMegabytes()
        tasks = []
        trimHeap()
        return Outcome(
            milliseconds: (ContinuousClock.now - start).milliseconds,
            extra: [("rss_before_mb", before), ("rss_peak_mb", peak), ("rss_after_mb", residentMegabytes())])
    }

    /// Gives freed memory back to the system, so that what is resident is what is held.
    private static func trimHeap() {
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> CInt).self)(0)
    }

    static func residentMegabytes() -> Double {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard fgets(&buffer, 128, file) != nil else { return 0 }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fields = text.split(separator: " ")
        return (Double(fields[1]) ?? 0) * Double(sysconf(CInt(_SC_PAGESIZE))) / 1e6
    }
}
