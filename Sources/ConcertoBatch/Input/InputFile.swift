#if Batch
import Foundation

/// The input: a file that can be read twice, or a stream that can't.
final class InputFile: Sendable {
    /// Whether the input can be read again from its start.
    let isRewindable: Bool
    private let descriptor: CInt
    private let closes: Bool

    /// - Parameter path: A file's path, or `nil` for standard input.
    /// - Throws: ``BatchError`` if there is nothing to read.
    init(path: String?) throws {
        guard let path else {
            (descriptor, closes, isRewindable) = (STDIN_FILENO, false, false)
            return
        }
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
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
    }

    deinit { if closes { close(descriptor) } }

    /// A reader from the start, or from where a stream stands.
    func reader() -> LineReader {
        if isRewindable { lseek(descriptor, 0, SEEK_SET) }
        return LineReader(descriptor: descriptor)
    }
}
#endif
