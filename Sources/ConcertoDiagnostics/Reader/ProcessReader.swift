#if os(Linux)
import CConcerto

/// A process whose memory is read: what ``CConcerto`` reads, in Swift's terms. Used by one thread.
final class ProcessReader {
    let process: OpaquePointer
    private(set) var runtime: concerto_task_runtime

    /// - Parameter pid: 0 is this process.
    init(_ pid: Int32) throws(TaskDumpError) {
        var code: Int32 = 0
        guard let process = concerto_process_open(pid, &code) else {
            throw TaskDumpError(code: code, pid: pid, scope: SystemFile.number("/proc/sys/kernel/yama/ptrace_scope"))
        }
        self.process = process
        runtime = concerto_process_task_runtime(process)
    }

    deinit { concerto_process_close(process) }

    var id: Int32 { concerto_process_id(process) }
    var executable: String { String(cString: concerto_process_executable(process)) }

    /// Throws where tasks cannot be read for certain.
    func checkLayout() throws(TaskDumpError) {
        if runtime.is_known { return }
        if runtime.task_metadata == 0 {
            throw TaskDumpError(
                .noSwiftConcurrency,
                "process \(id) (\(executable)) has no Swift tasks, or its symbols were stripped from a static executable: "
                    + "link the Swift runtime as a library, or keep the symbols")
        }
        throw TaskDumpError(
            .unknownLayout,
            "the Swift runtime of process \(id) lays out tasks in a way that Concerto does not know (layout version "
                + "\(runtime.layout_version), \(runtime.task_size) bytes): it reads those of Swift 6.3")
    }

    /// The name of the type of the object at `address`, or `nil`.
    func typeName(at address: UInt64) -> String? {
        var name = [CChar](repeating: 0, count: 512)
        guard concerto_process_type_name(process, address, &name, name.count) else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    var threads: [concerto_thread_record] {
        var threads = [concerto_thread_record](repeating: concerto_thread_record(), count: 4_096)
        let count = concerto_process_threads(process, &threads, threads.count)
        return Array(threads.prefix(count))
    }

    /// The stack of a thread that waits in the kernel, and which of `tasks` (ascending addresses) it runs.
    func stack(of thread: Int32, tasks: [UInt64]) -> (frames: [UInt64], task: UInt64?) {
        var frames = [UInt64](repeating: 0, count: 128)
        var task: UInt64 = 0
        let count = concerto_process_thread_stack(
            process, thread, tasks, tasks.count, &task, &frames, Int32(frames.count))
        return (Array(frames.prefix(Int(count))), task == 0 ? nil : task)
    }

    /// Looks up what `addresses` are in.
    func frames(at addresses: Set<UInt64>) -> [UInt64: TaskDump.Frame] {
        let context = Naming(addresses.sorted())
        concerto_process_name_functions(
            process, context.addresses, context.addresses.count,
            { context, index, name, image, offset in
                let naming = Unmanaged<Naming>.fromOpaque(context).takeUnretainedValue()
                naming.add(index, name.map { String(cString: $0) }, String(cString: image))
            }, Unmanaged.passUnretained(context).toOpaque())
        return context.frames
    }

    private final class Naming {
        let addresses: [UInt64]
        var frames: [UInt64: TaskDump.Frame] = [:]

        init(_ addresses: [UInt64]) { self.addresses = addresses }

        func add(_ index: Int, _ symbol: String?, _ image: String) {
            let address = addresses[index]
            let name = symbol.map(FunctionName.init(symbol:))
            // Libraries are often stripped of all but what they export.
            let file = image.split(separator: "/").last.map { "(\($0))" }
            frames[address] = TaskDump.Frame(
                address: address, symbol: symbol,
                shortName: name?.text ?? file ?? "0x" + String(address, radix: 16),
                image: image, isPlumbing: name?.isPlumbing ?? false)
        }
    }
}
#endif
