import CConcerto

extension ThreadPool {
    /// Says what blocks a thread of the pool that did not say so itself.
    ///
    /// With ``Configuration/reportsBlocking`` the monitor, when it finds a blocked worker, interrupts it with a signal
    /// (`SIGURG`) whose handler stores return addresses and nothing else; names are looked up on a thread of their own.
    /// At most one report a second. The threads of synchronization contexts are watched too, as soon as a pool reports. A system call that cannot be restarted (`usleep`, `poll`) returns early with
    /// `EINTR` from such an interruption: that is why it is off by default.
    public struct BlockingReport: Sendable, CustomStringConvertible {
        /// One function on the stack.
        public struct Frame: Sendable {
            /// The address in it.
            public let address: UInt
            /// The function, in source form if it is Swift's; `nil` if its image has no name for it.
            public let function: String?
            /// The file that it was loaded from.
            public let image: String
            /// Bytes from the beginning of the function to the address.
            public let offset: UInt
            /// File and line, `Server.swift:12`, where the image has debugging information and `llvm-symbolizer`, which
            /// comes with Swift's toolchain, is in the path; `CONCERTO_SYMBOLIZER` names another, or none if it is empty.
            public internal(set) var location: String?
            /// The address as the image's file counts it: what `llvm-symbolizer --obj=IMAGE` is given.
            public let fileAddress: UInt
        }

        /// The name of the pool, or of the context.
        public let pool: String
        /// The number of the worker; `nil` for the thread of a context.
        public let worker: Int?
        /// The kernel's id of its thread.
        public let threadID: Int32
        /// How long it had been in its job when it was found.
        public let blockedFor: Duration
        /// Its stack, innermost function first.
        public let frames: [Frame]
        /// Blocked workers that were found since the last report and not reported.
        public let suppressed: Int

        /// The frames down to where the job begins, without the compiler's thunks: not the pool's own, nor the runtime's.
        public var jobFrames: [Frame] {
            // Below the pool's outermost frame there is only the start of its thread.
            let outermost = frames.lastIndex(where: \.isPools) ?? frames.lastIndex(where: \.isInfrastructure)
            var end = outermost.map { $0 + 1 } ?? frames.count
            while end > 0, frames[end - 1].isInfrastructure { end -= 1 }
            return (end > 0 ? frames[..<end] : frames[...]).filter { !$0.isThunk }
        }

        /// A few lines for a log: ``jobFrames``, innermost first.
        public var description: String {
            let more = suppressed > 0 ? " (and \(suppressed) more since the last report)" : ""
            let lines = jobFrames.map { frame in
                let function = frame.function ?? "0x" + String(frame.address, radix: 16)
                return "    \(function) " + (frame.location.map { "at \($0)" } ?? "+ \(frame.offset) in \(frame.image)")
            }
            let thread = worker.map { "\(pool)-\($0)" } ?? pool
            return (["thread \(thread) (\(threadID)) blocks for \(blockedFor.brief) now\(more)"] + lines)
                .joined(separator: "\n")
        }
    }

    /// Is given every ``BlockingReport`` of every pool. The default writes to standard error.
    ///
    /// - Where it runs: on a thread of its own; it may block.
    public static func onBlockingReport(_ handler: @escaping @Sendable (BlockingReport) -> Void) {
        BlockingReporter.handler.withLock { $0.call = handler }
    }

    /// Runs `body`, whose blocking is known and is not to be reported. It is compensated all the same.
    ///
    /// - Where it runs: on the calling thread, at once. Calls nest.
    /// - Throws: what `body` throws.
    @inlinable
    public static func withoutBlockingReports<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        _PoolInternals.suppressReports(true)
        defer { _PoolInternals.suppressReports(false) }
        return try body()
    }
}

/// Captures what the monitor finds, and passes it on.
enum BlockingReporter {
    /// A type of its own: where a generic lock guards a closure itself, every look at it wraps it once more, converted to the
    /// generic form and back.
    struct Handler: Sendable {
        var call: @Sendable (ThreadPool.BlockingReport) -> Void = { StandardError.write("\($0)") }
    }

    static let handler = Guarded(Handler())

    /// The addresses of a thread's stack.
    struct Stack {
        private var frames: [UInt]
        private var between: [UInt]

        /// Interrupts `thread`; `nil` if it does not answer.
        init?(of thread: Int32) {
            frames = [UInt](repeating: 0, count: 64)
            between = [UInt](repeating: 0, count: 512)
            var betweenCount = Int32(between.count)
            let count = Int(
                concerto_stack_capture(thread, &frames, Int32(frames.count), &between, &betweenCount))
            guard count > 0 else { return nil }
            frames.removeLast(frames.count - count)
            between.removeLast(between.count - Int(betweenCount))
        }

        /// Innermost first. The function that called the C library is not in the chain of frame records, which the library
        /// keeps none of: it is the first on the stack that can have called into it.
        var addresses: [UInt] {
            guard let caller = between.first(where: { concerto_is_called_from($0, frames[0]) }),
                !frames.dropFirst().prefix(1).contains(caller)
            else { return frames }
            return [frames[0], caller] + frames.dropFirst()
        }
    }

    /// What is captured, on its way to the thread that looks up names.
    private final class Raw {
        let pool: String
        let worker: Int?
        let thread: Int32
        let blockedFor: Duration
        let stack: Stack
        let suppressed: Int

        init(_ pool: String, _ worker: Int?, _ thread: Int32, _ blockedFor: Duration, _ stack: Stack, _ more: Int) {
            self.pool = pool
            self.worker = worker
            self.thread = thread
            self.blockedFor = blockedFor
            self.stack = stack
            suppressed = more
        }
    }

    /// Called by the monitor. Takes microseconds, and at most 20 ms if the thread does not answer.
    ///
    /// - Returns: `false` if it did not, and there is nothing to report.
    static func report(_ pool: String, _ worker: Int?, thread: Int32, blockedFor: Duration, suppressed: Int) -> Bool {
        guard let stack = Stack(of: thread) else { return false }
        let raw = Raw(pool, worker, thread, blockedFor, stack, suppressed)
        let argument = Unmanaged.passRetained(raw)
        let error = concerto_thread_start(
            { BlockingReporter.deliver(Unmanaged<Raw>.fromOpaque($0!).takeRetainedValue()) }, argument.toOpaque(),
            "concerto-report", 512 * 1024)
        if error != 0 { argument.release() }
        return error == 0
    }

    private static func deliver(_ raw: Raw) {
        let report = ThreadPool.BlockingReport(
            pool: raw.pool, worker: raw.worker, threadID: raw.thread, blockedFor: raw.blockedFor,
            // Return addresses point behind the call.
            frames: Symbolizer.located(raw.stack.addresses.enumerated().map { frame($1, of: $0 == 0 ? $1 : $1 - 1) }),
            suppressed: raw.suppressed)
        handler.withLock { $0 }.call(report)
    }

    private static func frame(_ address: UInt, of lookup: UInt) -> ThreadPool.BlockingReport.Frame {
        var name = [CChar](repeating: 0, count: 1_024)
        var image = [CChar](repeating: 0, count: 512)
        var offset: UInt = 0
        var inFile: UInt = 0
        let found = concerto_symbol_find(lookup, &name, name.count, &image, image.count, &offset, &inFile)
        return .init(
            address: address, function: found ? demangled(name) : nil, image: text(image), offset: found ? offset : 0,
            fileAddress: inFile)
    }

    private static func demangled(_ name: [CChar]) -> String {
        guard let source = concerto_demangle(name) else { return text(name) }
        defer { concerto_free(source) }
        return String(cString: source)
    }

    private static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
