import Concerto

#if os(Linux)
import CConcerto
#endif

/// A socket of this process that answers those who want to look into it: `concerto top`, or a script. See
/// ``Diagnostics/listen(_:)``.
public final class DiagnosticsSocket: Sendable {
    /// Where it is and how much it does.
    public struct Options: Sendable {
        /// The folder of the socket; `nil` for `$XDG_RUNTIME_DIR/concerto`, or `/tmp/concerto-UID` where there is none.
        public var folder: String?
        /// Clients at a time; further ones are closed at once. Default 4.
        public var maxClients = 4
        /// How long an answer may wait for its client to read before the client is dropped. Default 5 seconds.
        public var patience = Duration.seconds(5)

        /// The defaults.
        public init() {}
    }

    /// Where it is.
    public let path: String

    #if os(Linux)
    private let loop: SocketLoop

    init(_ options: Options) throws(DiagnosticsError) {
        precondition(options.maxClients > 0, "a socket for \(options.maxClients) clients: one at least")
        loop = try SocketLoop(options)
        path = loop.path
    }

    /// Closes the socket and removes it. Returns at once.
    public func close() { loop.stop() }

    deinit { loop.stop() }
    #else
    init(_ options: Options) throws(DiagnosticsError) {
        throw DiagnosticsError("a process can be looked into on Linux only")
    }

    /// Closes the socket and removes it. Returns at once.
    public func close() {}
    #endif
}

extension Diagnostics {
    /// Lets processes of this user, and root's, look into this one over a socket of the file system.
    ///
    /// It runs on a thread of its own, so it answers while every thread of the pool is blocked. The folder is this user's
    /// alone (0700), the socket too (0600), and whoever connects is asked for its user. A client that does not read is
    /// dropped; the process never waits for one.
    ///
    /// - Returns: The socket, which is open while somebody keeps it.
    /// - Throws: ``DiagnosticsError``.
    public static func listen(_ options: DiagnosticsSocket.Options = .init()) throws(DiagnosticsError)
        -> DiagnosticsSocket
    {
        try DiagnosticsSocket(options)
    }

    /// The processes of this user that can be looked into over a socket, and removes the sockets of those that are gone.
    ///
    /// - Parameter folder: As ``DiagnosticsSocket/Options/folder``.
    public static func listeningProcesses(in folder: String? = nil) -> [Int32] {
        #if os(Linux)
        SocketPlace.processes(in: folder ?? SocketPlace.folder)
        #else
        []
        #endif
    }

    /// Where the socket of another process is; `nil` if it has none.
    public static func socketPath(of pid: Int32, in folder: String? = nil) -> String? {
        #if os(Linux)
        let folder = folder ?? SocketPlace.folder
        guard SocketPlace.processes(in: folder).contains(pid) else { return nil }
        return SocketPlace.name(of: pid).map { folder + "/" + $0 }
        #else
        nil
        #endif
    }
}
