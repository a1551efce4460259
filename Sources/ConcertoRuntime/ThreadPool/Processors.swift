import CConcerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How many processors this process may use.
enum Processors {
    /// The affinity mask (which a cgroup's cpuset narrows), and the cgroup's quota rounded up; at least 1.
    static let available: Int = {
        let allowed = max(1, Int(concerto_processors()))
        guard let quota = cgroupQuota(reading: contents) else { return allowed }
        return max(1, min(allowed, Int(quota.rounded(.up))))
    }()

    /// The tightest quota, in processors, of the cgroup of this process and of those above it; `nil` if there is none.
    ///
    /// - Parameter reading: Returns what a file holds, or `nil`.
    static func cgroupQuota(reading: (String) -> String?) -> Double? {
        guard let membership = reading("/proc/self/cgroup") else { return nil }
        var quotas: [Double] = []
        for line in membership.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            if parts[0] == "0", parts[1].isEmpty {
                for folder in folders(parts[2], below: "/sys/fs/cgroup") {
                    if let text = reading(folder + "/cpu.max"), let quota = quotaV2(text) { quotas.append(quota) }
                }
            } else if parts[1].split(separator: ",").contains("cpu") {
                for root in ["/sys/fs/cgroup/" + parts[1], "/sys/fs/cgroup/cpu"] {
                    for folder in folders(parts[2], below: root) {
                        guard let quota = reading(folder + "/cpu.cfs_quota_us").flatMap(number), quota > 0,
                            let period = reading(folder + "/cpu.cfs_period_us").flatMap(number), period > 0
                        else { continue }
                        quotas.append(quota / period)
                    }
                }
            }
        }
        return quotas.min()
    }

    /// The folder of a cgroup and all above it. In a container the path names folders of the host that are not
    /// mounted here; the root, which is, then holds the quota.
    private static func folders(_ path: Substring, below root: String) -> [String] {
        var folders = [root]
        for name in path.split(separator: "/") where name != ".." {
            folders.append(folders[folders.count - 1] + "/" + name)
        }
        return folders
    }

    private static func quotaV2(_ text: String) -> Double? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), quota > 0, period > 0
        else { return nil }
        return quota / period
    }

    private static func number(_ text: String) -> Double? {
        text.split(whereSeparator: \.isWhitespace).first.flatMap { Double($0) }
    }

    private static func contents(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
