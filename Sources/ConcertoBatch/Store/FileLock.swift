#if Batch
import Foundation

/// The right to write to a store: held by a living process or by nobody.
///
/// The kernel takes an advisory lock (`flock`) back when its owner dies, however it dies.
final class FileLock: Sendable {
    private let path: String
    private let descriptor: CInt

    /// Takes the lock.
    ///
    /// - Throws: ``BatchError`` if a living process holds it (the message names it) or the file can't be created.
    init(path: String) throws {
        self.path = path
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else {
                throw BatchError.configuration("'\(path)' can't be created: \(String(cString: strerror(errno)))")
            }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let owner = Self.owner(descriptor)
                close(descriptor)
                throw BatchError.store(
                    "another run\(owner.map { " (process \($0))" } ?? "") writes to this store; "
                        + "wait for it to end, or give this one a store and an output of its own")
            }
            // The last owner unlinks the file: what we locked may no longer be what the path names.
            if Self.sameFile(descriptor, path) {
                self.descriptor = descriptor
                break
            }
            close(descriptor)
        }
        let text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) }
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    private static func owner(_ descriptor: CInt) -> Int? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        return Int(String(decoding: buffer.prefix(max(0, count)).prefix { $0.isDigit }, as: UTF8.self))
    }

    private static func sameFile(_ descriptor: CInt, _ path: String) -> Bool {
        var open = stat()
        var named = stat()
        return fstat(descriptor, &open) == 0 && stat(path, &named) == 0
            && open.st_ino == named.st_ino && open.st_dev == named.st_dev
    }
}
#endif
