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
struct BatchMemoryTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    // T21: after 192 rows of a slow host everything stood still.
    @Test(arguments: ["first", "alternating"])
    func `rows of a host that asks for patience do not stop those of others`(order: String) async throws {
        let (slow, fast) = (1_500, 3_000)
        var urls = (1...slow).map { "http://slow/\($0)" }
        let others = (1...fast).map { "http://fast/\($0)" }
        if order == "first" {
            urls += others
        } else {
            urls = (0..<fast).flatMap { $0 < slow ? [urls[$0], others[$0]] : [others[$0]] }
        }
        try setup.folder.write("input", urls.map { "{\"url\":\"\($0)\"}\n" }.joined())
        let healthy = Flag()
        let transport = setup.transport { call, _ in
            call.host == "slow:80" && !healthy.isSet ? .status(429, retryAfter: "20") : .status(200)
        }
        let run = try setup.run(setup.options { $0.concurrency = 16 }, transport)
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await run.run()
        }
        // Time stands still: the slow host stays closed.
        await until { run.progress.finished == fast }
        #expect(run.progress.finished == fast)
        healthy.set()
        await drive(setup.clock) { ended.isSet }
        #expect(try await task.value.succeeded == slow + fast)
    }

    @Test func `B58: rows beyond the memory wait until others have gone`() async throws {
        let folder = try TemporaryFolder()
        let text = (1...50).map {
            "{\"url\":\"http://h/\($0)\",\"body\":\"\(String(repeating: "x", count: 1_000))\"}\n"
        }
        let input = try InputFile(path: try folder.write("input", text.joined()))
        let parser = RowParser(substitution: Substitution(), secretHeaders: [])
        let one = RowSource.rowWeight + 3 * (text[0].utf8.count - 1)
        let source = RowSource(input: input, parser: parser, room: one * 4)
        var held: [Int] = []
        for _ in 0..<4 { held.append(try #require(try await source.next()).weight) }
        let waits = Shared(0)
        let arrived = Shared(0)
        let task = Task {
            while let entry = try await source.next(willWait: { waits.change { $0 += 1 } }) {
                arrived.change { $0 += 1 }
                source.putBack(entry.weight)
            }
        }
        await until { waits.value == 1 }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(arrived.value == 0)
        for weight in held { source.putBack(weight) }
        try await task.value
        #expect(arrived.value == 46 && source.rows == 50)
    }

    @Test func `a row larger than the memory is called all the same`() async throws {
        let body = String(repeating: "x", count: 2_700_000)
        try setup.folder.write("input", (1...3).map { "{\"url\":\"http://h/\($0)\",\"body\":\"\(body)\"}\n" }.joined())
        let summary = try await setup.finish(
            setup.options { $0.memory = 16_000_000 }, setup.transport { _, _ in .status(200) })
        #expect(summary.succeeded == 3)
    }

    // T20: 64 answers of 10 MB took 1.8 GB.
    @Test func `no more long answers are under way than the memory holds`() async throws {
        try setup.folder.write("input", (1...60).map { "{\"url\":\"http://h/\($0)\"}\n" }.joined())
        let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1_000_000)
        let under = Shared((now: 0, most: 0))
        let transport = setup.transport { call, _ in
            // What goes before the first answer is there may go beyond: nobody knows how long answers are.
            guard let number = Int(call.url.split(separator: "/").last ?? ""), number > 16 else {
                return HTTPReply(status: 200, body: body)
            }
            under.change {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            for _ in 0..<50 { await Task.yield() }
            under.change { $0.now -= 1 }
            return HTTPReply(status: 200, body: body)
        }
        let options = setup.options {
            $0.concurrency = 16
            $0.memory = 16_000_000
        }
        #expect(try await setup.finish(options, transport).succeeded == 60)
        // Half of the memory, for answers that take three times their length.
        #expect((1...2).contains(under.value.most), "\(under.value.most)")
    }
}
#endif
