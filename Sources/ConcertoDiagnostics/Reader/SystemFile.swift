#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Small files of the kernel.
enum SystemFile {
    /// The first `limit` bytes as text; `nil` if the file cannot be read.
    static func text(_ path: String, limit: Int = 65_536) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        var length = 0
        while length < limit {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + length, limit - length) }
            if got <= 0 { break }
            length += got
        }
        return String(decoding: bytes.prefix(length), as: UTF8.self)
    }

    /// The number that a file holds.
    static func number(_ path: String) -> Int? {
        text(path, limit: 64).flatMap { text in Int(text.prefix { $0.isNumber || $0 == "-" }) }
    }

    /// Seconds since 1970.
    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
