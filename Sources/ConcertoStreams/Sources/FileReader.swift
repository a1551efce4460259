import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file that could not be opened or read.
public struct FileError: Error, Hashable, CustomStringConvertible {
    /// Which file.
    public let path: String
    /// What was done: `open`, `read`, …
    public let operation: String
    /// The system's number of what went wrong.
    public let code: Int32

    /// Creates an error.
    public init(path: String, operation: String, code: Int32) {
        self.path = path
        self.operation = operation
        self.code = code
    }

    /// What happened.
    public var description: String {
        "\(operation) \(path): \(String(cString: strerror(code))) (errno \(code))"
    }
}

/// An open file of one iteration; closed when it goes.
///
/// Regular files are read on the calling thread, which tells a pool that it blocks; whatever may be silent for long is waited
/// for first. A read that brings less than was asked for is not the end: only one that brings nothing is.
final class FileReader {
    let descriptor: CInt
    private let path: String
    private let isRegular: Bool

    /// Opens `path`.
    ///
    /// - Throws: ``FileError``.
    init(path: String) throws {
        self.path = path
        // Not to wait here for a writer of a FIFO.
        let descriptor = withBlocking { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw FileError(path: path, operation: "open", code: errno) }
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(path: path, operation: "stat", code: code)
        }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR else {
            close(descriptor)
            throw FileError(path: path, operation: "read", code: EISDIR)
        }
        isRegular = kind == S_IFREG
    }

    deinit { close(descriptor) }

    /// Reads up to `memory.count` bytes.
    ///
    /// - Returns: How many; 0 at the end.
    /// - Throws: ``FileError``; `CancellationError`.
    nonisolated(nonsending)
        func waitUntilReady() async throws
    {
        if !isRegular { try await FileDescriptorReadiness.wait(for: descriptor) }
    }

    /// Reads up to `memory.count` bytes into `memory`.
    ///
    /// - Returns: How many; 0 at the end, `nil` if there are none yet.
    /// - Throws: ``FileError``.
    func read(into memory: UnsafeMutableRawBufferPointer) -> Result<Int?, FileError> {
        while true {
            let count =
                isRegular
                ? withBlocking { systemRead(descriptor, memory.baseAddress, memory.count) }
                : systemRead(descriptor, memory.baseAddress, memory.count)
            if count >= 0 { return .success(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .success(nil)
            case let code: return .failure(FileError(path: path, operation: "read", code: code))
            }
        }
    }
}

func systemRead(_ descriptor: CInt, _ memory: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, memory, count)
}
