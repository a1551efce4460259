#if os(Linux)
import CConcerto

/// Where the list of a process's tasks comes from.
///
/// The scan of memory is what Swift 6.3 allows. Later runtimes keep a registry of their own, and a pool could keep a
/// table; either is another source with the same records, and nothing else of a dump changes.
protocol TaskSource {
    /// Finds and reads the tasks that have not ended.
    ///
    /// - Returns: `nil` where there is no memory for it.
    func scan(_ reader: ProcessReader, limit: Int) -> TaskScan?
}

/// Finds tasks by searching the writable memory of the process for what each of them begins with.
struct MemoryScanSource: TaskSource {
    func scan(_ reader: ProcessReader, limit: Int) -> TaskScan? {
        var runtime = reader.runtime
        return concerto_scan_tasks(reader.process, &runtime, limit).map(TaskScan.init)
    }
}

/// Tasks whose addresses somebody knows: an own table.
struct AddressSource: TaskSource {
    let addresses: [UInt64]

    func scan(_ reader: ProcessReader, limit: Int) -> TaskScan? {
        var runtime = reader.runtime
        return concerto_read_tasks(reader.process, &runtime, addresses, min(limit, addresses.count)).map(TaskScan.init)
    }
}

/// What a source has found. Used by one thread.
final class TaskScan {
    private let scan: OpaquePointer

    init(_ scan: OpaquePointer) { self.scan = scan }

    deinit { concerto_scan_free(scan) }

    var records: UnsafeBufferPointer<concerto_task_record> {
        UnsafeBufferPointer(start: concerto_scan_tasks_found(scan), count: concerto_scan_task_count(scan))
    }

    var stackCount: Int { concerto_scan_stack_count(scan) }

    func stack(_ index: Int) -> (addresses: UnsafeBufferPointer<UInt64>, isCut: Bool) {
        let stack = concerto_scan_stacks(scan)![index]
        let start = concerto_scan_frames(scan).map { $0 + Int(stack.first) }
        return (UnsafeBufferPointer(start: start, count: Int(stack.count)), stack.is_cut)
    }

    func name(_ record: concerto_task_record) -> String? {
        record.name == 0 ? nil : String(cString: concerto_scan_names(scan) + Int(record.name))
    }

    var figures: concerto_scan_statistics { concerto_scan_figures(scan) }
}
#endif
