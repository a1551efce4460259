#if Batch
import Foundation

/// The bytes of a descriptor, unpacked if they are gzip: one piece at a time, in one buffer that is never grown.
///
/// Blocking. `@unchecked`: a source belongs to one reader, and who hands a reader on hands on all of it.
final class ByteSource: @unchecked Sendable {
    static let chunkSize = 256 << 10
    /// How much that is packed is unpacked at a time: it may become a thousand times as much.
    private static let packedPiece = 4 << 10

    private let descriptor: CInt
    /// Whether a read returns at once where there is nothing: then the wait comes before.
    private let polls: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 16)
    private var unpacker: GzipUnpacker?
    private var isAtStart = true
    /// What of the buffer is still to be unpacked.
    private var packed = 0..<0
    /// Keeps the descriptor open: another file would get its number.
    private let owner: InputFile?

    init(descriptor: CInt, of owner: InputFile?, polls: Bool) {
        (self.descriptor, self.owner, self.polls) = (descriptor, owner, polls)
    }

    deinit { buffer.deallocate() }

    /// Hands what comes next to `take`, at least a byte; `false` at the end. Blocks while there is nothing.
    func read(_ take: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        while true {
            if let unpacker, !packed.isEmpty {
                let piece = packed.prefix(Self.packedPiece)
                packed = piece.upperBound..<packed.upperBound
                if try unpacker.unpack(UnsafeRawBufferPointer(rebasing: buffer[piece]), take) { return true }
                continue
            }
            let count = try fill()
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if isAtStart, count > 0 {
                isAtStart = false
                if GzipUnpacker.begins(bytes) { unpacker = try GzipUnpacker() }
            }
            guard let unpacker else {
                if count > 0 { take(bytes) }
                return count > 0
            }
            if count == 0 {
                try unpacker.finish()
                return false
            }
            packed = 0..<count
        }
    }

    private func fill() throws -> Int {
        // Two bytes tell gzip: a pipe may give them one by one.
        var (count, mustWait) = (0, polls)
        repeat {
            if mustWait { Self.waitForInput(descriptor) }
            let got = Foundation.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
            if got >= 0 {
                count += got
                if got == 0 { break }
                continue
            }
            // Whoever shares a pipe with us may have made it one that does not block.
            mustWait = errno == EAGAIN
            guard errno == EINTR || errno == EAGAIN else {
                throw BatchError.configuration("the input can't be read: \(SystemError(errno))")
            }
        } while count < (isAtStart ? 2 : 1)
        return count
    }

    /// Returns when there is something to read, or the last writer has gone.
    private static func waitForInput(_ descriptor: CInt) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&waiting, 1, -1) < 0, errno == EINTR {}
    }
}
#endif
