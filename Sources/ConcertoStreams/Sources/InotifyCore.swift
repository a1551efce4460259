#if os(Linux)
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An inotify instance: what it watches, and what its events mean.
final class InotifyCore {
    private static let mask = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR | IN_EXCL_UNLINK)

    let descriptor: CInt
    private let root: String
    private let isRecursive: Bool
    private var paths: [CInt: String] = [:]
    private var rootWatch: CInt = -1
    /// What was told because a new directory was looked through, until its own event comes.
    private var found: Set<String> = []
    /// The first half of a move whose second has not come yet.
    private var moved: (cookie: UInt32, path: String, isDirectory: Bool)?
    private var changes: [DirectoryChange] = []
    private var nextChange = 0
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)

    /// Whether the directory is there no more.
    private(set) var isOver = false

    /// Watches `root`.
    ///
    /// - Throws: ``FileError``, ``WatchLimitError``.
    init(_ root: String, _ isRecursive: Bool) throws {
        descriptor = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        self.root = root
        self.isRecursive = isRecursive
        guard descriptor >= 0 else { throw Self.failure(root, errno, "max_user_instances") }
        rootWatch = try add(root)
        if isRecursive { try look(into: root, tells: false) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// What the number of a failure means: `limit` is the limit that it may be about.
    static func failure(_ path: String, _ code: CInt, _ limit: String) -> any Error {
        code == ENOSPC || code == EMFILE && limit == "max_user_instances"
            ? WatchLimitError(path: path, limit: "fs.inotify.\(limit)")
            : FileError(path: path, operation: "watch", code: code)
    }

    func takeNext() -> DirectoryChange? {
        guard nextChange < changes.count else {
            changes.removeAll(keepingCapacity: true)
            nextChange = 0
            return nil
        }
        defer { nextChange += 1 }
        return changes[nextChange]
    }

    private func tell(_ change: DirectoryChange) { changes.append(change) }

    // MARK: Watches

    private func add(_ path: String) throws -> CInt {
        let watch = inotify_add_watch(descriptor, path, Self.mask)
        guard watch >= 0 else { throw Self.failure(path, errno, "max_user_watches") }
        paths[watch] = path
        return watch
    }

    /// Watches a directory that may have gone meanwhile, and looks what is in it.
    private func enter(_ path: String, tells: Bool) throws {
        do { _ = try add(path) } catch let error as FileError where [ENOENT, ENOTDIR, EACCES].contains(error.code) {
            return
        }
        try look(into: path, tells: tells)
    }

    /// What came into `path` before it was watched is told, and watched.
    private func look(into path: String, tells: Bool) throws {
        guard let directory = opendir(path) else { return }
        var names: [(name: String, isDirectory: Bool)] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            if entry.pointee.d_type == UInt8(DT_UNKNOWN) {
                var status = stat()
                isDirectory = lstat("\(path)/\(name)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            }
            names.append((name, isDirectory))
        }
        closedir(directory)
        for (name, isDirectory) in names {
            let child = "\(path)/\(name)"
            if tells {
                tell(.created(child))
                found.insert(child)
            }
            if isDirectory { try enter(child, tells: tells) }
        }
    }

    // MARK: Events

    /// Reads what there is.
    ///
    /// - Returns: Whether there was anything.
    func read() throws -> Bool {
        let size = buffer.count
        let count = systemRead(descriptor, &buffer, size)
        guard count > 0 else {
            if count == 0 || errno == EAGAIN || errno == EINTR { return false }
            throw FileError(path: root, operation: "watch", code: errno)
        }
        var start = 0
        let head = MemoryLayout<inotify_event>.size
        while start + head <= count {
            let (event, name) = buffer.withUnsafeBytes { bytes in
                let event = bytes.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
                let text = bytes[(start + head)..<(start + head + Int(event.len))].prefix { $0 != 0 }
                return (event, String(decoding: text, as: UTF8.self))
            }
            start += head + Int(event.len)
            try take(event, name)
        }
        return true
    }

    /// There is nothing more for now: a move whose second half has not come went out of what is watched, and what was told of
    /// new directories will not be told again.
    func flush() {
        found = []
        flushMove()
    }

    private func flushMove() {
        guard let half = moved.take() else { return }
        tell(.removed(half.path))
        if half.isDirectory { forget(half.path) }
    }

    private func take(_ event: inotify_event, _ name: String) throws {
        func has(_ flag: some BinaryInteger) -> Bool { event.mask & UInt32(flag) != 0 }
        if has(IN_Q_OVERFLOW) {
            flush()
            tell(.rescan)
            // Directories that came unseen are watched from now on.
            if isRecursive { try look(into: root, tells: false) }
            return
        }
        if event.wd == rootWatch, has(IN_DELETE_SELF) || has(IN_MOVE_SELF) {
            flush()
            isOver = true
            return
        }
        if has(IN_IGNORED) {
            paths[event.wd] = nil
            return
        }
        guard let directory = paths[event.wd], !name.isEmpty else { return }
        let path = "\(directory)/\(name)"
        let isDirectory = has(IN_ISDIR)
        if let half = moved {
            if has(IN_MOVED_TO), event.cookie == half.cookie {
                moved = nil
                tell(.moved(from: half.path, to: path))
                if isDirectory { rename(half.path, to: path) }
                return
            }
            flushMove()
        }
        if has(IN_CREATE) || has(IN_MOVED_TO) {
            // Told when its directory was looked through.
            if found.remove(path) == nil { tell(.created(path)) }
            if isDirectory, isRecursive { try enter(path, tells: true) }
        } else if has(IN_MOVED_FROM) {
            found.remove(path)
            moved = (event.cookie, path, isDirectory)
        } else if has(IN_DELETE) {
            found.remove(path)
            tell(.removed(path))
        } else if has(IN_CLOSE_WRITE) {
            tell(.written(path))
        } else if has(IN_ATTRIB) {
            tell(.attributes(path))
        }
    }

    /// Watches stay with their directories; their paths do not.
    private func rename(_ old: String, to new: String) {
        for (watch, path) in paths where path == old || path.hasPrefix(old + "/") {
            paths[watch] = new + path.dropFirst(old.count)
        }
    }

    private func forget(_ gone: String) {
        for (watch, path) in paths where path == gone || path.hasPrefix(gone + "/") {
            inotify_rm_watch(descriptor, watch)
            paths[watch] = nil
        }
    }
}
#endif
