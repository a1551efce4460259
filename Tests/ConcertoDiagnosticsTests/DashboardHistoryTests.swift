import ConcertoTesting
import Foundation
import TestSupport
import Testing

@testable import ConcertoDiagnostics

@Suite struct DashboardHistoryTests {
    private func sample(_ sequence: Int, rows: [DiagnosticsRow] = []) -> DiagnosticsSample {
        DiagnosticsSample(
            sequence: sequence, milliseconds: sequence * 1_000, missed: 0, processorSeconds: 0, memory: 1,
            queueWait: nil, pool: nil, rows: rows)
    }

    /// What somebody gets who has read so far.
    private func read(_ history: DashboardHistory, after position: DashboardHistory.Position?) -> [Int] {
        var (numbers, position): ([Int], DashboardHistory.Position?) = ([], position)
        while let page = history.events(after: position, atMost: 1_000) {
            let text = String(decoding: page.bytes, as: UTF8.self)
            numbers += text.matches(of: /\nid: [0-9a-f]+-(\d+)\n|^id: [0-9a-f]+-(\d+)\n/).compactMap {
                Int($0.1 ?? $0.2 ?? "")
            }
            position = page.position
        }
        return numbers
    }

    @Test func `the last ten minutes are whole, and the hours before them have every thirtieth`() {
        let history = DashboardHistory()
        for number in 1...30_000 { history.add(sample(number)) }
        let numbers = read(history, after: nil)
        #expect(numbers.suffix(600) == Array(29_401...30_000))
        #expect(numbers.dropLast(600).count == 720)
        #expect(numbers.dropLast(600).allSatisfy { $0.isMultiple(of: 30) })
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
    }

    @Test func `readers that come and go at random read every kept sample once`() {
        var random = seededRandom()
        let history = DashboardHistory()
        var position: DashboardHistory.Position?
        var seen: [Int] = []
        var number = 0
        for _ in 0..<2_000 {
            if (random.next() as UInt64) % 3 != 0 {
                number += 1
                history.add(sample(number))
            }
            if (random.next() as UInt64) % 4 == 0,
                let page = history.events(after: position, atMost: Int((random.next() as UInt64) % 2_000))
            {
                // The name of an event is all that a reader keeps.
                position = DashboardHistory.Position("\(page.position.run)-\(page.position.sequence)")
                let text = String(decoding: page.bytes, as: UTF8.self)
                seen += text.matches(of: /"seq":(\d+)/).compactMap { Int($0.1) }
            }
        }
        seen += read(history, after: position)
        #expect(Set(seen).count == seen.count && seen == seen.sorted(), "seed \(random.seed)")
        #expect(seen.last == number, "seed \(random.seed)")
    }

    @Test func `another process's events are not taken for this one's`() {
        let history = DashboardHistory()
        for number in 1...5 { history.add(sample(number)) }
        #expect(read(history, after: .init(run: history.run, sequence: 3)) == [4, 5])
        #expect(read(history, after: .init(run: "other", sequence: 3)) == [1, 2, 3, 4, 5])
        #expect(read(history, after: .init(run: history.run, sequence: 99)) == [])
        #expect(DashboardHistory().run != history.run)
        for text in ["", "-", "a", "a-", "-1", "a-b", "a--1", "a-1-2"] {
            #expect(DashboardHistory.Position(text) == nil, "\(text)")
        }
    }

    @Test func `large samples push out old ones, and too many rows are cut`() {
        let history = DashboardHistory(mostBytes: 20_000)
        let rows = (0..<1_000).map { DiagnosticsRow(.host, "host \($0)") }
        history.add(sample(1, rows: rows))
        #expect(read(history, after: nil) == [1], "the latest is kept whatever it takes")
        #expect(history.latest?.rows.count == 256)
        for number in 2...300 { history.add(sample(number)) }
        let numbers = read(history, after: nil)
        #expect(numbers.last == 300 && numbers.first! > 2 && numbers.count > 50)
        #expect(numbers == Array(numbers.first!...300))
    }

    @Test func `secrets are taken out of URLs wherever they stand in a text`() {
        for (text, shown) in [
            ("no address: a//b", "no address: a//b"),
            ("http://h/a?b=c", "http://h/a?b=c"),
            ("http://u:p@h/?key=v&x=1#f", "http://REDACTED:REDACTED@h/?key=REDACTED&x=1#f"),
            ("GET http://u@h/ and\nhttps://h/?TOKEN=t", "GET http://REDACTED@h/ and\nhttps://h/?TOKEN=REDACTED"),
            ("<http://h/?sig=1> \"http://h/?code=2\"", "<http://h/?sig=REDACTED> \"http://h/?code=REDACTED\""),
        ] {
            #expect(URLText.redacted(in: text) == shown)
        }
    }
}
