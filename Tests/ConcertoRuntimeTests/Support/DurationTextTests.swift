import Testing

@testable import ConcertoRuntime

@Suite struct DurationTextTests {
    // Reports said `0.002974812 seconds`.
    @Test(arguments: [
        (Duration.zero, "0 µs"), (.nanoseconds(400), "0.4 µs"), (.nanoseconds(2_974_812), "2.97 ms"),
        (.milliseconds(3), "3 ms"), (.microseconds(12_340), "12.3 ms"), (.milliseconds(999), "999 ms"),
        (.milliseconds(1_250), "1.25 s"), (.seconds(59), "59 s"), (.seconds(125), "125 s"), (.seconds(3_600), "60 min"),
        (.milliseconds(-20), "-20 ms"),
    ])
    func `a duration for people has three digits at most`(duration: Duration, text: String) {
        #expect(duration.brief == text)
    }

    // `components` traps where the seconds do not fit 64 bits.
    @Test func `nanoseconds saturate, also where the seconds overflow`() {
        let longest = Duration.seconds(Int64.max)
        for duration in [longest, longest * 10, .nanoseconds(Int64.max), .seconds(9_223_372_037)] {
            #expect(duration.saturatingNanoseconds == .max)
            #expect(MonotonicClock().now.advanced(by: duration) == .distantFuture)
        }
        for duration in [Duration.seconds(Int64.min), longest * -10, .nanoseconds(Int64.min)] {
            #expect(duration.saturatingNanoseconds == .min)
        }
        #expect(Duration.nanoseconds(Int64.max - 1).saturatingNanoseconds == .max - 1)
        #expect(Duration.nanoseconds(Int64.min + 1).saturatingNanoseconds == .min + 1)
        #expect(Duration.seconds(-1).saturatingNanoseconds == -1_000_000_000)
        #expect((longest * 10).brief.hasSuffix(" min"))
    }
}
