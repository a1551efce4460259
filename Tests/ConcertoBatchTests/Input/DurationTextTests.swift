#if Batch
import ConcertoBatch
import Testing

struct DurationTextTests {
    @Test(
        arguments: [
            ("500ms", .milliseconds(500)), ("2s", .seconds(2)), ("1.5s", .milliseconds(1500)), ("5m", .seconds(300)),
            ("1h", .seconds(3600)), ("3", .seconds(3)), ("0", .zero), (".5", .milliseconds(500)),
            ("0.25h", .seconds(900)),
        ] as [(String, Duration)])
    func readsNumbersWithUnits(text: String, duration: Duration) { #expect(parseDuration(text) == duration) }

    @Test(arguments: [
        "", "s", "ms", "-1s", "+1s", "1 s", "1d", "nan", "inf", "infs", "1e400", "1e20h", "１s", "5s5", "abc",
    ])
    func refusesTheRest(text: String) { #expect(parseDuration(text) == nil) }
}
#endif
