#if Batch
import Foundation
import Synchronization

/// The right to write to an output: held by a living process or by nobody.
///
/// The output itself is locked (`flock`), not a file beside it: any name beside it may be somebody's, and two runs may name
/// one output and different stores. A file that replaces the output has to be locked in turn.
final class OutputLock: Sendable {
    private let descriptor = Atomic<CInt>(-1)

    /// Locks the file that `path` names.
    ///
    /// - Parameter creates: Whether it is created if it is not there; otherwise nothing is locked then.
    /// - Throws: ``BatchError`` if a living process has locked it, or if it can't be written.
    init(path: String, creates: Bool) throws { try take(path, creates: creates) }

    deinit { release(descriptor.load(ordering: .relaxed)) }

    /// Locks the file that `path` names now, and lets the one before go; nothing changes if they are one.
    func take(_ path: String, creates: Bool = false) throws {
        let opened = open(path, O_RDWR | O_CLOEXEC | (creates ? O_CREAT : 0), 0o644)
        guard opened >= 0 else {
            if errno == ENOENT, !creates { return }
            throw BatchError.configuration("the output '\(path)' can't be written: \(SystemError(errno))")
        }
        if Self.identity(opened) == Self.identity(descriptor.load(ordering: .relaxed)) {
            close(opened)
            return
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let failure = errno
            close(opened)
            // A file system without locks is no other run.
            guard failure == EWOULDBLOCK else { return }
            throw BatchError.store(
                "another run writes to the output '\(path)'; wait for it to end, or give this one an output of its own")
        }
        release(descriptor.exchange(opened, ordering: .relaxed))
    }

    private static func identity(_ descriptor: CInt) -> FileIdentity? {
        var status = stat()
        return descriptor >= 0 && fstat(descriptor, &status) == 0 ? FileIdentity(status) : nil
    }

    private func release(_ descriptor: CInt) {
        if descriptor >= 0 { close(descriptor) }
    }
}
#endif
