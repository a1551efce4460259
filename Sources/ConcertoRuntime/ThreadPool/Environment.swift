#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The process's environment and its standard error, without Foundation.
enum Environment {
    /// The variables of Concerto's pool.
    static var all: [String: String] {
        let names = [
            "MIN_THREADS", "MAX_THREADS", "BLOCKED_AFTER_MS", "IDLE_TIMEOUT_MS", "NAME", "STACK_SIZE",
            "REPORTS_BLOCKING", "MEASURES_LATENCY",
        ]
        var values: [String: String] = [:]
        for name in names {
            let name = "CONCERTO_POOL_" + name
            if let value = getenv(name) { values[name] = String(cString: value) }
        }
        return values
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        let line = "concerto: \(text)\n"
        _ = line.withCString { write(2, $0, strlen($0)) }
    }
}
