#if Batch
import Foundation
import Synchronization

/// Where result lines go.
protocol ResultOutput: Sendable {
    /// Bytes written so far, earlier runs included.
    var length: Int64 { get }

    /// Writes whole lines. Blocks; called from one task at a time.
    func append(_ lines: [UInt8]) throws
}

/// Results in a file that a later run can continue.
final class ResultFile: ResultOutput {
    let path: String
    private let descriptor: CInt
    private let durable: Bool
    private let written: Atomic<Int64>

    /// Opens or creates the file.
    ///
    /// - Parameter durable: Whether ``append(_:)`` returns only when the lines are on the disk.
    init(path: String, durable: Bool) throws {
        self.path = path
        self.durable = durable
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw BatchError.configuration("the output '\(path)' can't be written: \(String(cString: strerror(errno)))")
        }
        written = Atomic(Int64(lseek(descriptor, 0, SEEK_END)))
    }

    deinit { close(descriptor) }

    var length: Int64 { written.load(ordering: .relaxed) }

    func append(_ lines: [UInt8]) throws {
        do {
            try writeAll(lines, to: descriptor)
            if durable, fdatasync(descriptor) != 0 { throw SystemError(errno) }
        } catch {
            // What was half written is no result: the file ends again where the store says it does.
            let length = self.length
            ftruncate(descriptor, off_t(length))
            lseek(descriptor, off_t(length), SEEK_SET)
            throw BatchError.store("the output '\(path)' can't be written: \(error); make room and resume")
        }
        written.add(Int64(lines.count), ordering: .relaxed)
    }

    /// Cuts the file at `length` bytes; the next ``append(_:)`` writes there.
    func truncate(to length: Int64) throws {
        guard ftruncate(descriptor, off_t(length)) == 0, lseek(descriptor, off_t(length), SEEK_SET) >= 0 else {
            throw BatchError.store("the output '\(path)' can't be cut: \(SystemError(errno))")
        }
        written.store(length, ordering: .relaxed)
    }

    /// Line breaks among the first `length` bytes, and the last of those bytes.
    func lineBreaks(upTo length: Int64) throws -> (count: Int, last: UInt8?) {
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        var (position, count, last) = (Int64(0), 0, nil as UInt8?)
        while position < length {
            let read = pread(descriptor, &chunk, Int(min(Int64(chunk.count), length - position)), off_t(position))
            guard read > 0 else {
                if read < 0, errno == EINTR { continue }
                throw BatchError.store("the output '\(path)' can't be read: \(SystemError(errno))")
            }
            chunk.withUnsafeBufferPointer { bytes in
                for byte in bytes[..<read] where byte == UInt8(ascii: "\n") { count += 1 }
            }
            last = chunk[read - 1]
            position += Int64(read)
        }
        return (count, last)
    }

    /// `count` bytes from `offset` on.
    func read(_ count: Int, at offset: Int64) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset) + off_t(filled))
                guard got > 0 else {
                    if got < 0, errno == EINTR { continue }
                    throw BatchError.store("the results in '\(path)' can't be read back: \(SystemError(errno))")
                }
                filled += got
            }
        }
    }

    /// A reader of the file's lines from byte `offset` on.
    func lines(from offset: Int64) throws -> (reader: LineReader, close: @Sendable () -> Void) {
        let reading = open(path, O_RDONLY | O_CLOEXEC)
        guard reading >= 0, lseek(reading, off_t(offset), SEEK_SET) >= 0 else {
            throw BatchError.store("the output '\(path)' can't be read: \(SystemError(errno))")
        }
        return (LineReader(descriptor: reading, longest: .max), { _ = close(reading) })
    }
}

/// Results on standard output, or in anything else that can't be read back.
final class ResultStream: ResultOutput {
    private let descriptor: CInt
    private let written = Atomic<Int64>(0)

    private let name: String

    /// - Parameter name: What messages call it.
    init(descriptor: CInt, name: String) { (self.descriptor, self.name) = (descriptor, name) }

    var length: Int64 { written.load(ordering: .relaxed) }

    func append(_ lines: [UInt8]) throws {
        do {
            try writeAll(lines, to: descriptor)
        } catch {
            throw BatchError.store("\(name) can't be written: \(error)")
        }
        written.add(Int64(lines.count), ordering: .relaxed)
    }
}

/// An `errno` with its text.
struct SystemError: Error, CustomStringConvertible {
    var code: CInt
    init(_ code: CInt) { self.code = code }
    var description: String { String(cString: strerror(code)) }
}

private func writeAll(_ bytes: [UInt8], to descriptor: CInt) throws {
    try bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw SystemError(errno)
            }
        }
    }
}
#endif
