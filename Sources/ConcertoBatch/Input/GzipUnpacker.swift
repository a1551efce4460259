#if Batch
import CConcertoZlib

/// Unpacks gzip (RFC 1952), several members one behind the other too, as `cat` and `pigz` make them.
final class GzipUnpacker {
    private static let chunkSize = 256 << 10

    private var stream = z_stream()
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 16)
    /// Whether a member is open: then the data must not end.
    private var isInside = true

    static func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
    }

    init() throws {
        // 15 bits of window, and 16 for gzip's own header.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK else {
            buffer.deallocate()
            throw BatchError.configuration("the input is gzip, and there is no memory to unpack it")
        }
    }

    deinit {
        inflateEnd(&stream)
        buffer.deallocate()
    }

    /// Hands what `bytes` hold to `take`, piece by piece.
    ///
    /// - Returns: Whether there was anything.
    func unpack(_ bytes: UnsafeRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(bytes.count)
        var hasAny = false
        var isFull = false
        while stream.avail_in > 0 || isFull {
            if !isInside {
                // Padding with zeros behind the last member is what tapes leave.
                guard stream.next_in.pointee != 0 else {
                    stream.next_in += 1
                    stream.avail_in -= 1
                    continue
                }
                inflateReset(&stream)
                isInside = true
            }
            stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
            stream.avail_out = UInt32(buffer.count)
            let result = inflate(&stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw BatchError.configuration(
                    "the input is gzip, and its data are damaged; make it anew (gzip -t tells)")
            }
            let count = buffer.count - Int(stream.avail_out)
            if count > 0 {
                take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                hasAny = true
            }
            isFull = stream.avail_out == 0 && result != Z_STREAM_END
            if result == Z_STREAM_END { isInside = false }
            if result == Z_BUF_ERROR, count == 0 { break }
        }
        return hasAny
    }

    /// The data end here.
    func finish() throws {
        guard isInside else { return }
        throw BatchError.configuration(
            "the input is gzip, and ends in the middle of its data: it was cut; make it anew")
    }
}
#endif
