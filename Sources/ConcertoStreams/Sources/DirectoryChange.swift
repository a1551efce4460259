/// What has changed below a directory that is watched.
public enum DirectoryChange: Sendable, Hashable {
    /// Something with this path is there now: made, moved here from elsewhere, or found in a directory that is new itself.
    case created(String)
    /// Who wrote this file has closed it.
    case written(String)
    /// Something else about it changed: rights, times, owner.
    case attributes(String)
    /// It is gone: removed, or moved to elsewhere.
    case removed(String)
    /// It has another path now.
    case moved(from: String, to: String)
    /// So much changed at once that the kernel forgot some of it: look at everything again.
    case rescan
}

/// No more directories can be watched.
public struct WatchLimitError: Error, Hashable, CustomStringConvertible {
    /// Which one was to be.
    public let path: String
    /// Which limit: a sysctl.
    public let limit: String

    /// Creates an error.
    public init(path: String, limit: String) {
        self.path = path
        self.limit = limit
    }

    /// What happened and what to do.
    public var description: String {
        "\(path) cannot be watched, as this user watches too much already: raise it with `sysctl \(limit)=…`"
    }
}
