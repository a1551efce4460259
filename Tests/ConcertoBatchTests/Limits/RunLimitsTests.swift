#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct RunLimitsTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func rows(_ tokens: [Int], keys: [String] = []) -> String {
        tokens.enumerated().map { index, tokens in
            let key = keys.isEmpty ? "" : #","headers":{"X-Key":"\#(keys[index])"}"#
            return #"{"url":"http://h/\#(index + 1)","body":{"t":\#(tokens)}\#(key)}"# + "\n"
        }.joined()
    }

    private func options(_ rates: [String], _ change: (inout BatchOptions) -> Void = { _ in }) throws -> BatchOptions {
        let weight = try WeightExpression(".t")
        return setup.options {
            $0.rates = rates.compactMap { CallRate($0) }
            $0.weight = $0.rates.contains(where: \.isWeighted) ? weight : nil
            $0.concurrency = 1
            change(&$0)
        }
    }

    private func seconds(_ transport: ScriptedTransport) -> [Double] {
        transport.arrivals.map { (Double($0.time.nanoseconds) / 1e6).rounded() / 1e3 }
    }

    @Test func `several limits hold at once, each by what it counts`() async throws {
        try setup.folder.write("input", rows([100, 100, 500, 10, 10]))
        let transport = setup.transport { _, _ in .status(200) }
        // A bucket of 100 tokens that gets 10 a second, and a call every two seconds.
        try await setup.finish(try options(["30/m", "1000tokens/m"]) { _ in }, transport)
        // 1000 a minute are 16.67 a second: the second waits for 100, the third for a full bucket and leaves a debt of 400.
        let times = seconds(transport)
        #expect(times.count == 5 && times[0] == 0)
        #expect((5.9...6.1).contains(times[1]) && (11.9...12.1).contains(times[2]), "\(times)")
        #expect((36...37).contains(times[3]), "the debt is paid off first: \(times)")
        #expect(times[4] >= times[3] + 2, "the limit of calls holds too: \(times)")
    }

    @Test func `what was reserved too much goes back, what was too little is a debt`() async throws {
        try setup.folder.write("input", rows([100, 100, 100]))
        let actual = [1: 40, 2: 160, 3: 100]
        let transport = setup.transport { call, _ in
            let number = Int(call.url.suffix(1)) ?? 0
            return HTTPReply(
                status: 200, body: ByteBuffer(string: #"{"usage":{"total":\#(actual[number] ?? 0)}}"#))
        }
        let path = try JSONPath(".usage.total")
        try await setup.finish(try options(["1000tokens/m"]) { $0.actualWeight = path }, transport)
        let times = seconds(transport)
        // 60 of the first came back: 40 are missing, 2.4 s. The second took 60 more than it had: 160 are missing, 9.6 s.
        #expect((2.3...2.5).contains(times[1]) && (times[1] + 9.5...times[1] + 9.7).contains(times[2]), "\(times)")
    }

    @Test func `a call larger than a whole period allows is refused, or goes alone if that is wanted`() async throws {
        try setup.folder.write("input", rows([2_000, 10]))
        let transport = setup.transport { _, _ in .status(200) }
        try await setup.finish(try options(["1000tokens/m"]), transport)
        let result = try #require(try setup.results()["1"])
        #expect(setup.kind(result) == "oversize" && transport.urls == ["http://h/2"])
        let message = (result["error"] as? [String: String])?["message"] ?? ""
        #expect(message.contains("2000 tokens, and only 1000 tokens a minute are allowed"), "\(message)")
        let alone = setup.transport { _, _ in .status(200) }
        try await setup.finish(
            try options(["1000tokens/m"]) {
                $0.sendsOversize = true
                $0.existing = .overwrite
            }, alone)
        let times = seconds(alone)
        #expect(alone.urls == ["http://h/1", "http://h/2"] && times[1] > 110, "it has paid off its debt: \(times)")
    }

    @Test func `a call whose weight can't be told fails its row and no other`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/1\"}\n" + rows([1]).replacing("h/1", with: "h/2"))
        let transport = setup.transport { _, _ in .status(200) }
        let summary = try await setup.finish(try options(["1000tokens/m"]), transport)
        #expect(summary.failed == 1 && summary.succeeded == 1)
        #expect(setup.kind(try setup.results()["1"]) == "invalid_row")
    }

    @Test func `a key that is used up holds up no other key of the host, nor shows itself`() async throws {
        let keys = (0..<40).map { $0 < 30 ? "S3cret" : "other" }
        try setup.folder.write("input", rows(Array(repeating: 1, count: 40), keys: keys))
        let transport = setup.transport { call, attempt in
            let isFirst = call.headers.contains { $0.value == "S3cret" } && attempt == 1
            return isFirst ? .status(429, retryAfter: "600") : .status(200)
        }
        let options = try options([]) {
            $0.rateBy = "X-Key"
            $0.secretHeaders = ["x-key"]
            $0.concurrency = 4
        }
        let run = try setup.run(options, transport)
        let task = Task { try await run.run() }
        // Time stands still: the others do not wait for the key.
        func others() -> Int {
            transport.arrivals.count { Int($0.url.split(separator: "/").last ?? "") ?? 0 > 30 }
        }
        await until { others() == 10 }
        #expect(setup.clock.now.nanoseconds == 0)
        let ended = Flag()
        let waiting = Task {
            defer { ended.set() }
            return try await task.value
        }
        await drive(setup.clock) { ended.isSet }
        let summary = try await waiting.value
        #expect(summary.succeeded == 40 && others() == 10)
        #expect(Set(transport.arrivals.map(\.host)) == ["h:80 (key 1)", "h:80 (key 2)"])
        #expect(summary.throttledMilliseconds.keys.elementsEqual(["h:80 (key 1)"]))
    }

    @Test func `each key has the rate for itself, and who waits for its turn holds no slot`() async throws {
        let keys = (0..<12).map { $0 < 6 ? "a" : "b" }
        try setup.folder.write("input", rows(Array(repeating: 1, count: 12), keys: keys))
        let transport = setup.transport { _, _ in .status(200) }
        let run = try setup.run(try options(["1/m"]) { $0.rateBy = "X-Key" }, transport)
        let task = Task { try await run.run() }
        // Each minute brings one call of each key, though only one at a time may be under way.
        for minute in 1...6 {
            await until { transport.arrivals.count >= 2 * minute }
            if minute < 6 { setup.clock.advance(by: .seconds(60)) }
        }
        #expect(try await task.value.succeeded == 12)
        for key in ["1", "2"] {
            let own = transport.arrivals.filter { $0.host.hasSuffix("key \(key))") }
            #expect(own.map { $0.time.nanoseconds / 1_000_000_000 } == [0, 60, 120, 180, 240, 300])
        }
    }

    @Test(arguments: [("90000tokens/m", 9_000), ("5points/s", 1)])
    func `a weighted rate lets a tenth of its period pass at once`(text: String, bucket: Int) throws {
        let rate = try #require(CallRate(text))
        #expect(rate.isWeighted && rate.bucket == bucket)
    }

    @Test(arguments: ["1.5tokens/m", "0tokens/m", "tokens/m", "5to kens/m", "5tokens/d", "2000000000x/m"])
    func `what is no weighted rate is refused`(text: String) { #expect(CallRate(text) == nil) }

    @Test func `limits that make no sense together are told`() throws {
        var options = setup.options { $0.rates = [CallRate("5tokens/m"), CallRate("5points/m")].compactMap { $0 } }
        #expect(options.problems.count == 2)
        options.rates = []
        options.weight = try WeightExpression("1")
        #expect(options.problems == ["a weight belongs to a limit of what it counts, such as --rate 90000tokens/m"])
    }
}
#endif
