/// What a process's control group does to it.
enum ControlGroup {
    /// For how many microseconds it has stopped the process's group since that began, because its quota was used up; 0
    /// without a quota.
    static func throttledMicroseconds(of pid: Int32) -> Int64 {
        guard let groups = SystemFile.text("/proc/\(pid)/cgroup"),
            // Version 2: "0::/path".
            let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return 0 }
        let path = line.dropFirst(3)
        guard
            let statistics = SystemFile.text("/sys/fs/cgroup\(path == "/" ? "" : path)/cpu.stat")
                ?? SystemFile.text("/sys/fs/cgroup/cpu.stat")
        else { return 0 }
        return throttledMicroseconds(in: statistics)
    }

    static func throttledMicroseconds(in statistics: String) -> Int64 {
        for line in statistics.split(separator: "\n") where line.hasPrefix("throttled_usec ") {
            return Int64(line.dropFirst("throttled_usec ".count)) ?? 0
        }
        return 0
    }
}
