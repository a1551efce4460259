import Concerto
import ConcertoRuntime

#if os(Linux)
import CConcerto
#endif

extension BottleneckReport {
    /// Looks at this process for a while.
    ///
    /// - Cancellation: ends the measurement with `CancellationError`.
    /// - Where it runs: on a thread of its own; the caller's task is suspended meanwhile.
    /// - Parameters:
    ///   - duration: How long; at least 100 milliseconds.
    ///   - looks: How often; at least 3. A look takes milliseconds and stops nobody.
    /// - Throws: ``TaskDumpError`` where tasks cannot be read; `CancellationError`.
    public static func measure(for duration: Duration = .seconds(10), looks: Int = 20) async throws -> BottleneckReport
    {
        try await measure(process: 0, for: duration, looks: looks)
    }

    /// Looks at another process for a while; see ``measure(for:looks:)`` and ``TaskDump/capture(process:limit:)``.
    ///
    /// - Throws: ``TaskDumpError`` where its tasks cannot be read, or when it ends; `CancellationError`.
    public static func measure(process pid: Int32, for duration: Duration = .seconds(10), looks: Int = 20) async throws
        -> BottleneckReport
    {
        precondition(duration >= .milliseconds(100), "a report over \(duration): look for 100 ms at least")
        precondition(looks >= 3, "a report of \(looks) looks: look 3 times at least")
        #if os(Linux)
        let sampler = ReportSampler(pid: pid, duration: duration, looks: looks)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                sampler.start { continuation.resume(with: $0) }
            }
        } onCancel: {
            sampler.cancel()
        }
        #else
        throw TaskDumpError(.unsupported, "tasks are read on Linux only")
        #endif
    }
}

#if os(Linux)
extension BottleneckReport {
    /// Looks at this process for a while, on the caller's thread, which must be none of a pool.
    static func measureHere(for duration: Duration) throws -> BottleneckReport {
        try ReportSampler(pid: 0, duration: duration, looks: 20).sample()
    }
}

/// Looks at a process at fixed times, on a thread of its own: never on the pool that it measures.
final class ReportSampler: @unchecked Sendable {
    // Sendable: constant but for `word`, which is atomic by way of the futex, and `completion`, which is set before the
    // thread starts.
    private let pid: Int32
    private let interval: Int64
    private let count: Int
    private let cancelled = Guarded(false)
    private let word = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    private var completion: ((Result<BottleneckReport, any Error>) -> Void)?

    init(pid: Int32, duration: Duration, looks: Int) {
        self.pid = pid
        count = looks
        interval = Int64(duration / .nanoseconds(1)) / Int64(looks - 1)
        word.initialize(to: 0)
    }

    deinit { word.deallocate() }

    func start(_ completion: @escaping (Result<BottleneckReport, any Error>) -> Void) {
        self.completion = completion
        let argument = Unmanaged.passRetained(self)
        let code = concerto_thread_start(
            { Unmanaged<ReportSampler>.fromOpaque($0!).takeRetainedValue().run() }, argument.toOpaque(),
            "concerto-report", 1 << 20)
        guard code != 0 else { return }
        argument.release()
        completion(.failure(TaskDumpError(.unsupported, "the system refuses a thread to measure on (error \(code))")))
    }

    func cancel() {
        cancelled.withLock { $0 = true }
        concerto_futex_wake(word, 1)
    }

    private func run() {
        let result: Result<BottleneckReport, any Error>
        do { result = .success(try sample()) } catch { result = .failure(error) }
        completion?(result)
        completion = nil
    }

    func sample() throws -> BottleneckReport {
        var looks: [ReportLook] = []
        var missed = 0
        let begun = concerto_now()
        var due = begun
        for _ in 0..<count {
            while concerto_now() < due, !cancelled.withLock({ $0 }) {
                // The word never changes; a cancellation that comes before the wait is seen within 50 ms.
                _ = concerto_futex_wait(word, 0, min(due, concerto_now() + 50_000_000))
            }
            if cancelled.withLock({ $0 }) { throw CancellationError() }
            // A whole interval too late: this process had no processor, and two looks in a row would count one moment twice.
            if concerto_now() - due > interval, looks.count >= 2 {
                missed += 1
            } else {
                looks.append(try look())
            }
            due += interval
        }
        return BottleneckReport(looks, processors: Int(concerto_processors()), missed: missed)
    }

    private func look() throws -> ReportLook {
        let dump = pid == 0 ? TaskDump.capture() : try TaskDump.capture(process: pid)
        if pid == 0, dump.tasks.isEmpty, let note = dump.notes.first { throw TaskDumpError(.unknownLayout, note) }
        var look = ReportLook(dump: dump)
        let reader = try ProcessReader(pid)
        for thread in reader.threads {
            look.run += thread.run_nanoseconds
            look.queued += thread.queued_nanoseconds
        }
        look.throttled = ControlGroup.throttledMicroseconds(of: reader.id)
        return look
    }
}
#endif
