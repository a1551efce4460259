#if Batch
import Foundation

/// What makes two paths name one file.
struct FileIdentity: Equatable, Sendable {
    private var device: dev_t
    private var number: ino_t

    init(_ status: stat) { (device, number) = (status.st_dev, status.st_ino) }

    /// The file that `path` names, or `nil` if there is none.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}

/// The input: a file that can be read twice, or a stream that can't.
final class InputFile: Sendable {
    /// Whether the input can be read again from its start.
    let isRewindable: Bool
    /// What messages call it.
    let name: String
    /// The file that the input is, however it is called.
    let file: FileIdentity?
    private let descriptor: CInt
    private let closes: Bool
    private let polls: Bool

    /// - Parameter path: A file's path, or `nil` for standard input.
    /// - Throws: ``BatchError`` if there is nothing to read.
    init(path: String?) throws {
        name = path.map { "the input '\($0)'" } ?? "standard input"
        guard let path else {
            (descriptor, closes, isRewindable, file, polls) = (STDIN_FILENO, false, false, nil, false)
            var status = stat()
            // What is neither a file nor a pipe nor a terminal is something that this process has opened for itself.
            guard fstat(STDIN_FILENO, &status) == 0, status.st_mode & S_IFMT != 0 else {
                throw BatchError.configuration("standard input can't be read: \(SystemError(EBADF))")
            }
            return
        }
        // A pipe that nobody writes to yet must not keep an interrupt from being heard.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw BatchError.configuration("the input '\(path)' can't be read: \(SystemError(errno))")
        }
        closes = true
        var status = stat()
        fstat(descriptor, &status)
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw BatchError.configuration("the input '\(path)' is a directory; name a file of rows (NDJSON)")
        }
        isRewindable = status.st_mode & S_IFMT == S_IFREG
        file = FileIdentity(status)
        polls = status.st_mode & S_IFMT == S_IFIFO
        if !polls { _ = fcntl(descriptor, F_SETFL, 0) }
    }

    /// Whether `path` names what can be read again: a regular file.
    static func isRewindable(_ path: String?) -> Bool {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT == S_IFREG
    }

    /// Changes when somebody writes to the file.
    var version: FileVersion {
        var status = stat()
        fstat(descriptor, &status)
        return FileVersion(
            seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec), size: Int(status.st_size))
    }

    deinit { if closes { close(descriptor) } }

    /// A reader from the start, or from where a stream stands.
    ///
    /// - Parameter judges: Whether an input that holds no rows is refused.
    func reader(judges: Bool = true) -> LineReader {
        if isRewindable { lseek(descriptor, 0, SEEK_SET) }
        return LineReader(descriptor: descriptor, of: self, polls: polls, judging: judges ? name : nil)
    }

    /// The bytes from the start, or from where a stream stands.
    func bytes() -> ByteSource {
        if isRewindable { lseek(descriptor, 0, SEEK_SET) }
        return ByteSource(descriptor: descriptor, of: self, polls: polls)
    }
}

/// What a write to a file changes.
struct FileVersion: Equatable, Sendable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
}
#endif
