#if Batch
import Concerto
import ConcertoHTTP
import ConcertoResilience
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct FairnessTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func lines(_ hosts: [String], _ count: Int) -> String {
        hosts.flatMap { host in (1...count).map { "{\"id\":\"\(host)\($0)\",\"url\":\"http://\(host)/\($0)\"}\n" } }
            .joined()
    }

    @Test func `B47: rows of a host that is closed hold up no other host, whatever the order`() async throws {
        // Far more than there is room for.
        let count = 3_000
        try setup.folder.write("input", lines(["closed", "open"], count))
        let parser = RowParser(substitution: Substitution(), secretHeaders: [])
        let source = RowSource(
            input: try InputFile(path: setup.folder("input")), parser: parser, room: 500 * RowSource.rowWeight,
            share: 16)
        var held: [RowSource.Entry] = []
        var (open, closed) = (0, 0)
        // None of the closed host's rows ends before the other's have all been called.
        while open < count, let entry = try await source.next() {
            if try entry.item.get().host.hasPrefix("closed") {
                held.append(entry)
            } else {
                open += 1
                source.putBack(entry.weight, of: entry.host)
            }
        }
        #expect(open == count && held.count < 500, "\(open) rows of the open host, \(held.count) held")
        closed = held.count
        for entry in held { source.putBack(entry.weight, of: entry.host) }
        while let entry = try await source.next() {
            closed += 1
            source.putBack(entry.weight, of: entry.host)
        }
        #expect(closed == count)
    }

    @Test func `B47: a run with a closed host and an open one brings every row to its end once`() async throws {
        let count = 2_000
        try setup.folder.write("input", lines(["closed", "open"], count))
        let transport = setup.transport { call, attempt in
            call.host.hasPrefix("closed") && attempt == 1 && call.url.hasSuffix("/1")
                ? .status(429, retryAfter: "60") : .status(200)
        }
        let options = setup.options {
            $0.memory = 16_000_000
            $0.concurrency = 8
        }
        let summary = try await setup.finish(options, transport)
        #expect(summary.succeeded == 2 * count && summary.failed == 0)
        #expect(try setup.results().count == 2 * count && transport.arrivals.count == 2 * count + 1)
    }

    @Test func `rows of a stream are not set aside: they are entered in their order, and all of them come`()
        async throws
    {
        let count = 800
        let path = setup.folder("input")
        #expect(mkfifo(path, 0o600) == 0)
        let text = Array(lines(["closed", "open"], count).utf8)
        Thread.detachNewThread {
            let writer = Foundation.open(path, O_WRONLY)
            var rest = text[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { write(writer, $0.baseAddress, $0.count) }
                guard written > 0 else { break }
                rest = rest.dropFirst(written)
            }
            close(writer)
        }
        let transport = setup.transport { call, attempt in
            call.host.hasPrefix("closed") && attempt == 1 && call.url.hasSuffix("/1")
                ? .status(429, retryAfter: "60") : .status(200)
        }
        let options = setup.options {
            $0.memory = 16_000_000
            $0.concurrency = 4
        }
        let summary = try await setup.finish(options, transport)
        #expect(summary.succeeded == 2 * count && summary.failed == 0)
    }

    @Test func `rows of one host stay in order, and all of them come`() async throws {
        try setup.folder.write(
            "input", (1...2_000).map { "{\"url\":\"http://\($0 % 5 == 0 ? "b" : "a")/\($0)\"}\n" }.joined())
        let parser = RowParser(substitution: Substitution(), secretHeaders: [])
        let source = RowSource(
            input: try InputFile(path: setup.folder("input")), parser: parser, room: 40 * RowSource.rowWeight, share: 4)
        var held: [RowSource.Entry] = []
        var seen: [String: [Int]] = [:]
        func take(_ entry: RowSource.Entry) throws {
            let row = try entry.item.get()
            seen[row.host, default: []].append(row.identity.number)
            if row.host.hasPrefix("a"), held.count < 20 {
                held.append(entry)
            } else {
                source.putBack(entry.weight, of: entry.host)
            }
        }
        // Rows of the slow host are held as long as there are others.
        while let entry = try await source.next(willWait: {
            // Nothing comes until one of them ends.
            let ended = held
            held = []
            for entry in ended { source.putBack(entry.weight, of: entry.host) }
        }) { try take(entry) }
        let all = seen.values.flatMap { $0 }
        #expect(all.count == 2_000 && Set(all).count == 2_000)
        for numbers in seen.values { #expect(numbers == numbers.sorted()) }
    }
}
#endif
