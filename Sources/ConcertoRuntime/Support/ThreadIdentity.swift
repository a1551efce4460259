#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Names a thread for as long as it lives.
package struct ThreadIdentity: Equatable, Sendable {
    private let handle: UInt

    /// The calling thread.
    package static var current: ThreadIdentity {
        #if os(Linux)
        ThreadIdentity(handle: UInt(pthread_self()))
        #else
        ThreadIdentity(handle: UInt(bitPattern: pthread_self()))
        #endif
    }
}
