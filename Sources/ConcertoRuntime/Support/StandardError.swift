#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The process's standard error, without Foundation.
package enum StandardError {
    /// Writes a line that says whose it is, in one piece.
    package static func write(_ text: String) {
        let line = "concerto: \(text)\n"
        _ = line.withCString { put($0, strlen($0)) }
    }

    private static func put(_ bytes: UnsafePointer<CChar>, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.write(2, bytes, count)
        #elseif canImport(Musl)
        Musl.write(2, bytes, count)
        #else
        Darwin.write(2, bytes, count)
        #endif
    }
}
