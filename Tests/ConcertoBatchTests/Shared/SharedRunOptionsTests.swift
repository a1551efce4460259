#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Testing

@testable import ConcertoBatch

/// What the calls of a shared run are made by, and the rates that it is given.
@Suite struct SharedRunOptionsTests {
    private static func run(_ options: String) -> SharedRun {
        SharedRun(id: 1, name: "night", state: .open, priority: 0, rows: 1, options: Array(options.utf8))
    }

    @Test func `a run of before there were rates has none`() throws {
        let options = try SharedRunOptions(Self.run(#"{"identity":"a","words":["in"]}"#))
        #expect(options.rates.isEmpty && options.columns == nil && options.words == ["in"])
        let given = SharedRunOptions(words: ["in"], rates: ["50/s"])
        #expect(try SharedRunOptions(Self.run(String(decoding: given.bytes, as: UTF8.self))).rates == ["50/s"])
    }

    @Test(arguments: ["50/fortnight", "900tokens/m"]) func `a rate that can't be kept is refused`(rate: String) {
        let options = SharedRunOptions(words: [], rates: ["50/s", rate])
        let error = #expect(throws: BatchError.self) { try options.callRates() }
        #expect(error?.description.contains("'\(rate)'") == true)
    }

    @Test func `two rates that come to the same take one turn for a call`() async throws {
        let asked = Guarded<[Duration]>([])
        let store = StubSharedStore(borrow: { _, interval in
            asked.withLock { $0.append(interval) }
            return .zero
        })
        let rates = try SharedRunOptions(words: [], rates: ["1/s", "60/m", "1/m", "3600/h"]).callRates()
        let limits = SharedLimits(rates, of: Self.run("{}"), in: store, clock: ManualClock())
        try await limits.take(HTTPCall(url: "http://api.example/"))
        #expect(asked.withLock { $0 } == [.seconds(60), .seconds(1)])
        limits.close()
    }
}
#endif
