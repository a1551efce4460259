#if Batch
import Foundation

/// How many files and connections this process may have open at a time.
///
/// Most systems begin with 1,024 and let a process raise that by itself.
public enum DescriptorLimit {
    /// More than any run needs.
    private static let enough: UInt64 = 1 << 20

    #if os(Linux)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let resource = RLIMIT_NOFILE
    #endif

    /// The limit as it is.
    static var current: Int {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return 256 }
        return Int(min(UInt64(limit.rlim_cur), enough))
    }

    /// Raises the limit as far as this process may.
    ///
    /// - Returns: The limit from now on.
    @discardableResult
    public static func raise() -> Int {
        var limit = rlimit()
        if getrlimit(resource, &limit) == 0 {
            let wanted = min(UInt64(limit.rlim_max), enough)
            if UInt64(limit.rlim_cur) < wanted {
                limit.rlim_cur = rlim_t(wanted)
                _ = setrlimit(resource, &limit)
            }
        }
        return current
    }

    /// Raises the limit, and makes as many calls at a time as there is room for.
    ///
    /// - Returns: What somebody should know, if those are fewer than were asked for.
    public static func fit(_ options: inout BatchOptions) -> String? { fit(&options, limit: raise()) }

    static func fit(_ options: inout BatchOptions, limit: Int) -> String? {
        let room = connections(limit: limit)
        let most = max(1, (room - room / 8) / (options.hedge == nil ? 1 : 2))
        guard options.concurrency > most else { return nil }
        let wanted = options.concurrency
        options.concurrency = most
        return "\(most) calls are made at a time, not \(wanted): this process may have no more than \(limit) files and "
            + "connections open (ulimit -Hn)"
    }

    /// Connections that may idle beside as many calls.
    static func idle(concurrency: Int, limit: Int = current) -> Int {
        // As many as are used at a time may idle for a moment without being closed: a rate makes them do so.
        max(8, min(max(concurrency, 256), connections(limit: limit) - concurrency))
    }

    /// What input, output, store, standard streams and event loops leave.
    private static func connections(limit: Int) -> Int { limit - min(64, limit / 2) }
}
#endif
