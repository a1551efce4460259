#if Observability
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Meter {
    /// Processor time, memory, descriptors and threads of this process, read from `/proc` when somebody asks. What the
    /// system does not tell is left out.
    @discardableResult
    public func observeProcess() -> [MetricObservation] {
        [
            observe("process.cpu.time", as: .counter, unit: "s", help: "Processor time used") { report in
                var usage = rusage()
                // RUSAGE_SELF, which has another type in each C library.
                guard getrusage(0, &usage) == 0 else { return }
                report([:], .double(usage.ru_utime.seconds + usage.ru_stime.seconds))
            },
            observe("process.memory.usage", as: .upDownCounter, unit: "By", help: "Resident memory") { report in
                guard let pages = ProcessReader.words("/proc/self/statm")?.dropFirst().first.flatMap({ Int64($0) })
                else { return }
                report([:], .int(pages * Int64(sysconf(Int32(_SC_PAGESIZE)))))
            },
            observe("process.memory.virtual", as: .upDownCounter, unit: "By", help: "Address space") { report in
                guard let pages = ProcessReader.words("/proc/self/statm")?.first.flatMap({ Int64($0) }) else { return }
                report([:], .int(pages * Int64(sysconf(Int32(_SC_PAGESIZE)))))
            },
            observe("process.thread.count", as: .upDownCounter, unit: "{thread}", help: "Threads") { report in
                // The name of the program may hold spaces and brackets: fields are counted behind the last one.
                guard let text = ProcessReader.text("/proc/self/stat"), let end = text.lastIndex(of: ")") else {
                    return
                }
                let fields = text[text.index(after: end)...].split(separator: " ")
                guard fields.count > 17, let threads = Int64(fields[17]) else { return }
                report([:], .int(threads))
            },
            observe(
                "process.unix.file_descriptor.count", as: .upDownCounter, unit: "{file_descriptor}",
                help: "Open descriptors"
            ) { report in
                guard let count = ProcessReader.entries("/proc/self/fd") else { return }
                report([:], .int(Int64(count)))
            },
        ]
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}

/// Reads what Linux tells of this process.
private enum ProcessReader {
    static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
        }
    }

    static func words(_ path: String) -> [Substring]? { text(path)?.split(separator: " ") }

    static func entries(_ path: String) -> Int? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Itself, its parent, and the descriptor that reads the folder.
        return count - 3
    }
}
#endif
