#if CLI
import ConcertoDiagnostics
import Foundation
import Testing

@testable import ConcertoCLI

/// The screen of `concerto top`: cases D26, D27.
@Suite struct TopScreenTests {
    private func sample(_ sequence: Int, rows: [DiagnosticsRow] = []) -> Data {
        let list = rows.map { row in
            let numbers = row.numbers.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            let state = row.state.map { "\"state\":\"\($0)\"," } ?? ""
            return "{\"kind\":\"\(row.kind.rawValue)\",\"name\":\"\(row.name)\",\(state)\"numbers\":{\(numbers)}}"
        }
        return Data(
            """
            {"stats":{"seq":\(sequence),"t_ms":\(sequence * 1_000),"missed":2,"cpu_s":\(Double(sequence) / 2),\
            "rss_bytes":52000000,"queue_wait_s":1.25,"pool":{"running":1,"blocked":7,"idle":0,"queued":40,\
            "completed":\(sequence * 300),"injected":1,"timers":3},"rows":[\(list.joined(separator: ","))]}}
            """.utf8)
    }

    private func watch() throws -> TopWatch {
        let rows = [
            DiagnosticsRow(.limiter, "orders", numbers: ["waiting": 12]),
            DiagnosticsRow(.circuit, "shop.example", state: "open"),
        ]
        var watch = TopWatch(pid: 7, interval: 1)
        for sequence in 1...2 { try watch.take(sample(sequence, rows: rows)) }
        let finding = """
            {"kind":"starved","description":"40 tasks wait for a thread","count":40,"tasks":[1],"functions":[],\
            "advice":"let no task block"}
            """
        watch.state.findings = [try JSONDecoder().decode(TaskFinding.self, from: Data(finding.utf8))]
        return watch
    }

    @Test(arguments: [(80, 24), (40, 10), (20, 3), (1, 1), (300, 100)])
    func `D27: a screen of any size has as many lines, none wider`(columns: Int, rows: Int) throws {
        for help in [false, true] {
            var state = try watch().state
            state.showsHelp = help
            state.scroll = 1_000
            let lines = TopScreen.lines(state, columns: columns, rows: rows)
            #expect(lines.count == rows)
            #expect(lines.allSatisfy { $0.text.count <= columns }, "\(lines)")
        }
    }

    @Test func `counters become rates, and what alarms is marked`() throws {
        let lines = TopScreen.lines(try watch().state, columns: 100, rows: 24)
        #expect(lines.map(\.text).contains("cpu 50 %  300 jobs/s  memory 52 MB  2 beats missed"), "\(lines)")
        #expect(
            lines.contains(TopScreen.Line("pool  1 run  7 blocked  0 idle  40 queued  3 timers", .alarm)), "\(lines)")
        #expect(lines.contains(TopScreen.Line("queue wait  1.3 s", .alarm)))
        #expect(lines.contains(TopScreen.Line("  40 tasks wait for a thread", .alarm)))
        let texts = lines.map(\.text)
        #expect(texts.contains("  orders  waiting 12") && texts.contains("  shop.example  open"))
    }

    @Test func `scrolling ends where the lists do`() throws {
        var state = try watch().state
        let first = TopScreen.lines(state, columns: 60, rows: 8)
        state.scroll = 1
        let second = TopScreen.lines(state, columns: 60, rows: 8)
        #expect(first != second && first.last == second.last)
        state.scroll = .max
        let end = TopScreen.lines(state, columns: 60, rows: 8)
        #expect(end[6].text == "  shop.example  open", "\(end)")
    }

    @Test func `what a process calls itself draws nothing`() throws {
        var watch = TopWatch(pid: 7, interval: 1)
        try watch.take(sample(1, rows: [DiagnosticsRow(.host, "evil\\u001b[2J\\nline")]))
        let screen = TopScreen.lines(watch.state, columns: 80, rows: 24).map(\.text).joined()
        #expect(!screen.contains("\u{1B}") && !screen.contains("\n") && screen.contains("evil"))
        #expect(!TopScreen.snapshot(watch.state).contains("\u{1B}"))
    }

    @Test func `D26: another version of the process ends it with a sentence`() throws {
        var watch = TopWatch(pid: 7, interval: 1)
        let line = Data(#"{"error":{"code":"version","text":"this process speaks version 2, not 1"}}"#.utf8)
        #expect { try watch.take(line) } throws: { error in
            (error as? TopWatch.Ended)?.text.contains("speaks version 2") == true
        }
        // What nobody asked for is passed over.
        try watch.take(Data("{\"later\":1}".utf8))
        try watch.take(Data("no json".utf8))
        #expect(watch.state.samples.isEmpty)
    }

    @Test func `keys are told apart, also several at once and those that mean nothing`() {
        #expect(TopTerminal.keys(Array("jk\u{1B}[A\u{1B}[6~q".utf8)) == [.down, .up, .up, .pageDown, .quit])
        #expect(TopTerminal.keys(Array("\u{1B}[15~x\u{1B}p".utf8)) == [.pause])
        #expect(TopTerminal.keys([0x03]) == [.quit])
    }

    @Test func `times are short`() {
        #expect([0, 0.000_02, 0.0456, 3.14159].map(TopScreen.time) == ["0 µs", "20 µs", "46 ms", "3.1 s"])
    }
}
#endif
