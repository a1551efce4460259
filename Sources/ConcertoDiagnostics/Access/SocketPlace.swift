#if os(Linux)
import Concerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the sockets of the processes of this user are, and of which of them.
enum SocketPlace {
    /// `$XDG_RUNTIME_DIR/concerto`, or `/tmp/concerto-UID` where there is none.
    static var folder: String {
        guard let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/") else {
            return "/tmp/concerto-\(geteuid())"
        }
        return runtime + "/concerto"
    }

    /// Makes the folder if it is not there.
    ///
    /// - Throws: ``DiagnosticsError`` if somebody else could put something in it, or look into it.
    static func prepare(_ folder: String) throws(DiagnosticsError) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw DiagnosticsError("the folder \(folder) cannot be made: \(describe(errno)); choose another")
        }
        var status = stat()
        guard lstat(folder, &status) == 0 else {
            throw DiagnosticsError("the folder \(folder) cannot be looked at: \(describe(errno)); choose another")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw DiagnosticsError(
                "\(folder) is not a folder that belongs to this user alone: remove it, or make it one (chmod 700)")
        }
    }

    /// The name of a process's socket. A process that gets a number again has another start.
    static func name(of pid: Int32) -> String? { start(of: pid).map { "\(pid)-\($0).sock" } }

    /// When a process began, in ticks since the system did.
    private static func start(of pid: Int32) -> String? {
        guard let text = SystemFile.text("/proc/\(pid)/stat", limit: 1_024), let end = text.lastIndex(of: ")") else {
            return nil
        }
        // The name of the program may hold spaces and brackets: fields are counted behind the last one.
        let fields = text[text.index(after: end)...].split(separator: " ")
        return fields.count > 19 ? String(fields[19]) : nil
    }

    /// The processes that have a socket in `folder`, lowest number first. Sockets of processes that are gone are removed.
    static func processes(in folder: String) -> [Int32] {
        guard let list = opendir(folder) else { return [] }
        defer { closedir(list) }
        var found: [Int32] = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let parts = name.split(separator: "-")
            guard name.hasSuffix(".sock"), parts.count == 2, let pid = Int32(parts[0]) else { continue }
            if Self.name(of: pid) == name {
                found.append(pid)
            } else {
                unlink(folder + "/" + name)
            }
        }
        return found.sorted()
    }

    static func describe(_ code: Int32) -> String { String(cString: strerror(code)) }
}
#endif
