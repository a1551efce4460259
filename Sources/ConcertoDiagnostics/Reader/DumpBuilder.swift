#if os(Linux)
import CConcerto
import Concerto

/// Makes a dump of what a source has found.
struct DumpBuilder {
    private let reader: ProcessReader
    private let scan: TaskScan
    private var idsByAddress: [UInt64: UInt64] = [:]
    /// What an executor that tasks are queued on is called, by address.
    private var executors: [UInt64: String] = [:]
    private var entries: [TaskDump.Entry] = []
    private var frames: [UInt64: TaskDump.Frame] = [:]

    /// The main actor's executor in this process; its type tells in others.
    private let mainExecutor: UInt64?

    init(_ reader: ProcessReader, _ scan: TaskScan, isSelf: Bool) {
        self.reader = reader
        self.scan = scan
        mainExecutor = isSelf ? Self.ownMainExecutor : nil
    }

    private static var ownMainExecutor: UInt64 {
        UInt64(unsafeBitCast(MainActor.sharedUnownedExecutor, to: (UInt, UInt).self).0)
    }

    mutating func fill(_ dump: inout TaskDump) {
        let records = scan.records
        idsByAddress.reserveCapacity(records.count)
        for record in records { idsByAddress[record.address] = record.id }
        entries.reserveCapacity(records.count)
        for record in records { entries.append(entry(record)) }
        let threads = lookAtThreads()
        nameFrames(threads)
        dump.tasks = entries
        dump.stacks = (0..<scan.stackCount).map { index in
            let (addresses, isCut) = scan.stack(index)
            return TaskDump.Stack(frames: addresses.map { frames[$0]! }, isCut: isCut)
        }
        dump.threads = threads.map { thread in
            TaskDump.Thread(
                id: thread.id, name: thread.name, isMain: thread.isMain, runsMainActor: thread.isMain,
                task: thread.task,
                frames: thread.addresses.map { frames[$0]! })
        }
        doubt(&dump.threads)
        findMainActor(&dump.threads)
        let figures = scan.figures
        dump.cost = TaskDump.Cost(
            bytesScanned: figures.bytes_scanned, bytesLeftOut: figures.bytes_left_out,
            seconds: Double(figures.scan_nanoseconds + figures.read_nanoseconds) / 1e9,
            processorSeconds: Double(figures.cpu_nanoseconds) / 1e9, dropped: figures.dropped,
            moving: figures.moving, impossibleStacks: figures.impossible)
    }

    private mutating func entry(_ record: concerto_task_record) -> TaskDump.Entry {
        let state: TaskDump.State =
            if record.status & UInt32(concerto_task_running) != 0 {
                .running
            } else if record.status & UInt32(concerto_task_enqueued) != 0 {
                .enqueued
            } else if record.awaited_kind != 0 {
                .suspended
            } else {
                .scheduled
            }
        return TaskDump.Entry(
            id: record.id, name: scan.name(record), state: state,
            isCancelled: record.status & UInt32(concerto_task_cancelled) != 0,
            priority: UInt8(truncatingIfNeeded: record.status),
            parent: record.parent == 0 ? nil : id(at: record.parent),
            isGroupChild: record.is_group_child, wait: wait(record), stack: record.is_moving ? nil : Int(record.stack),
            hasCancellationHandler: record.has_cancellation_handler)
    }

    private func id(at address: UInt64) -> UInt64? { idsByAddress[address] }

    private mutating func wait(_ record: concerto_task_record) -> TaskDump.Wait? {
        switch Int(record.awaited_kind) {
        case concerto_waits_for_task: TaskDump.Wait(kind: .task, task: id(at: record.awaited))
        case concerto_waits_for_continuation: TaskDump.Wait(kind: .continuation)
        case concerto_waits_for_group: TaskDump.Wait(kind: .group)
        case concerto_waits_for_executor:
            TaskDump.Wait(
                kind: .executor, executor: executor(at: record.awaited),
                identity: record.awaited == 0 ? nil : record.awaited)
        default: nil
        }
    }

    private mutating func executor(at address: UInt64) -> String? {
        if address == 0 { return nil }
        if let name = executors[address] { return name }
        let type = reader.typeName(at: address)
        let isMain = address == mainExecutor || type.map(Self.isMainExecutor) ?? false
        let name = isMain ? "MainActor" : type ?? "executor at 0x" + String(address, radix: 16)
        executors[address] = name
        return name
    }

    private static func isMainExecutor(_ type: String) -> Bool {
        type == "Swift.MainActor" || type == "_Concurrency.MainActor" || type.hasSuffix("MainExecutor")
            || type.hasSuffix("MainLoopExecutor")
    }

    // MARK: Threads

    private struct SeenThread {
        var id: Int32
        var name: String
        var isMain: Bool
        var task: UInt64?
        var addresses: [UInt64]
    }

    /// The threads that wait in the kernel in the middle of a task, and the main thread if tasks wait for it.
    private func lookAtThreads() -> [SeenThread] {
        let running = scan.records.filter { $0.status & UInt32(concerto_task_running) != 0 }.map(\.address).sorted()
        let isMainWanted = executors.values.contains("MainActor")
        if running.isEmpty, !isMainWanted { return [] }
        var threads: [SeenThread] = []
        for record in reader.threads where record.state != CChar(bitPattern: UInt8(ascii: "R")) {
            let isMain = record.id == reader.id
            let (addresses, task) = reader.stack(of: record.id, tasks: running)
            guard task != nil || isMain && isMainWanted else { continue }
            let name = withUnsafeBytes(of: record.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            threads.append(
                SeenThread(
                    id: record.id, name: name, isMain: isMain, task: task.flatMap(id(at:)), addresses: addresses))
        }
        return threads
    }

    /// What a thread has left behind stays on its stack, where nothing has been written since: a task is believed to be
    /// run by a thread that is in a job, and if no other such thread has it on its stack too.
    private func doubt(_ threads: inout [TaskDump.Thread]) {
        for index in threads.indices where !threads[index].isInJob { threads[index].task = nil }
        let claims = Dictionary(grouping: threads.compactMap(\.task)) { $0 }
        for index in threads.indices {
            if let task = threads[index].task, claims[task]!.count > 1 { threads[index].task = nil }
        }
        threads.removeAll { $0.task == nil && !$0.isMain }
    }

    /// After `dispatchMain()` the first thread sleeps for ever, and libdispatch drains the main queue on another, as one job
    /// after the other.
    private func findMainActor(_ threads: inout [TaskDump.Thread]) {
        guard let main = threads.firstIndex(where: { $0.isMain && $0.calls("_dispatch_sigsuspend") }) else { return }
        threads.remove(at: main)
        for index in threads.indices {
            threads[index].runsMainActor = threads[index].calls("_dispatch_lane_serial_drain")
        }
    }

    private mutating func nameFrames(_ threads: [SeenThread]) {
        var addresses: Set<UInt64> = []
        for index in 0..<scan.stackCount { addresses.formUnion(scan.stack(index).addresses) }
        for thread in threads { addresses.formUnion(thread.addresses) }
        frames = reader.frames(at: addresses)
    }
}

extension TaskDump.Thread {
    fileprivate var isInJob: Bool {
        frames.contains {
            $0.symbol.map { symbol in TaskDump.Frame.startsJob.contains { symbol.contains($0) } } ?? false
        }
    }

    fileprivate func calls(_ function: String) -> Bool { frames.contains { $0.symbol == function } }
}
#endif
