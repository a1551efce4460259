#if os(Linux)
import CConcerto
#endif

/// The clock of samples.
public enum MonotonicTime {
    /// Nanoseconds of the monotonic clock.
    public static var now: Int64 {
        #if os(Linux)
        concerto_now()
        #else
        Int64(SystemFile.now * 1e9)
        #endif
    }
}
