#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The monotonic clock at the kernel's tick (1 to 4 ms): a few nanoseconds to read, good enough for statistics.
@usableFromInline
enum CoarseTime {
    /// Nanoseconds since an arbitrary origin.
    @usableFromInline
    static var now: UInt64 {
        #if os(Linux)
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
        #else
        return clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW_APPROX)
        #endif
    }

    static func elapsed(since start: UInt64) -> Duration {
        let now = now
        return .nanoseconds(Int64(now > start ? now - start : 0))
    }
}
