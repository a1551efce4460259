import CConcerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The process's environment, without Foundation.
enum Environment {
    private static let prefix = "CONCERTO_POOL_"
    private static let names = [
        "MIN_THREADS", "MAX_THREADS", "BLOCKED_AFTER_MS", "IDLE_TIMEOUT_MS", "NAME", "STACK_SIZE",
        "REPORTS_BLOCKING", "MEASURES_LATENCY",
    ]

    /// The variables whose names begin as those of Concerto's pool do.
    static var all: [String: String] {
        var values: [String: String] = [:]
        var index = 0
        while let entry = concerto_environment_entry(Int32(index)) {
            index += 1
            guard strncmp(entry, prefix, prefix.utf8.count) == 0 else { continue }
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // As `getenv` does it, the first of two with one name counts.
            if parts.count == 2, values[String(parts[0])] == nil { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// Names the variables among `names` that nobody reads: misspelt, most likely. `nil` if there are none.
    static func complaint(about variables: some Sequence<String>) -> String? {
        let known = names.map { prefix + $0 }
        let unknown = variables.filter { !known.contains($0) }.sorted()
        guard !unknown.isEmpty else { return nil }
        return "\(unknown.joined(separator: ", ")): no such setting; there are \(known.joined(separator: ", "))"
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) { StandardError.write(text) }
}
