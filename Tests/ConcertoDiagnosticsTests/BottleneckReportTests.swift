#if os(Linux)
import Foundation
import Testing

@testable import ConcertoDiagnostics

@Suite(.serialized, .timeLimit(.minutes(5))) struct BottleneckReportTests {
    @Test(
        arguments: [
            ("stock-deadlock", .deadlock), ("stock-blocked", .blockedWorkers),
            ("stock-computing", .processorSaturation),
            ("stock-limiter", .limiter), ("stock-dependency", .dependency), ("stock-lock", .lock),
            ("stock-actor", .lock),
            ("stock-idle", .none),
        ] as [(String, BottleneckReport.Verdict)])
    func `a program for each verdict gets it, and an idle one gets none`(
        program name: String, verdict: BottleneckReport.Verdict
    ) async throws {
        let program = try RunningProgram("DiagnosticsProgram", [name])
        #expect(await program.nextLine() == "ready")
        let report = try await BottleneckReport.measure(process: program.pid, for: .milliseconds(1_500), looks: 16)
        #expect(report.verdict == verdict, "\(report.text)")
        #expect(report.evidence.count >= 3)
        #expect(report.advice.isEmpty == (verdict == .none))
        #expect(report.looks + report.missedLooks == 16)
    }

    @Test func `blocked workers are named with what they wait in`() async throws {
        let program = try RunningProgram("DiagnosticsProgram", ["stock-blocked"])
        #expect(await program.nextLine() == "ready")
        let report = try await BottleneckReport.measure(process: program.pid, for: .milliseconds(500), looks: 6)
        #expect(report.text.contains("DiagnosticsProgram.DiagnosticsProgram.blockForEver()"), "\(report.text)")
        let line = try JSONSerialization.jsonObject(with: Data(report.jsonLine.utf8)) as? [String: Any]
        #expect(line?["verdict"] as? String == "blockedWorkers")
    }

    @Test func `a quota that stops the process is the verdict before saturation`() {
        let dump = { (at: Double) in
            TaskDump(
                takenAt: at, process: TaskDump.Process(id: 1, executable: "app", isSelf: false), notes: [], tasks: [],
                stacks: [], threads: [], queues: [], cycles: [], groups: [], waitGraph: nil, cost: TaskDump.Cost())
        }
        let stopped = BottleneckReport(
            [ReportLook(dump: dump(0)), ReportLook(dump: dump(10), run: 2_000_000_000, throttled: 4_000_000)],
            processors: 2)
        #expect(stopped.verdict == .processorQuota)
        #expect(stopped.sentence.contains("4.0 s of 10.0 s"))
        let fine = BottleneckReport(
            [ReportLook(dump: dump(0)), ReportLook(dump: dump(10), run: 2_000_000_000, throttled: 100_000)],
            processors: 2)
        #expect(fine.verdict == .none)
        #expect(ControlGroup.throttledMicroseconds(in: "usage_usec 9\nthrottled_usec 77\n") == 77)
    }

    @Test func `a leak is found in a running program`() async throws {
        let program = try RunningProgram("DiagnosticsProgram", ["stock-leak"])
        #expect(await program.nextLine() == "ready")
        var looks = [try TaskDump.capture(process: program.pid)]
        func count(_ look: TaskDump) -> Int { look.named("forgotten").count }
        while looks.count < 3 {
            try Task.checkCancellation()
            let look = try TaskDump.capture(process: program.pid)
            if count(look) > count(looks.last!) + 10 { looks.append(look) } else { await Task.yield() }
        }
        let found = TaskFinding.search(looks).first { $0.kind == .leak }
        #expect(
            found?.functions.first == "DiagnosticsProgram.DiagnosticsProgram.waitForNothing()",
            "\(TaskFinding.search(looks))")
    }

    @Test func `cancelling the caller ends the measurement`() async throws {
        let program = try RunningProgram("DiagnosticsProgram", ["stock-idle"])
        #expect(await program.nextLine() == "ready")
        let measuring = Task { try await BottleneckReport.measure(process: program.pid, for: .seconds(600), looks: 3) }
        measuring.cancel()
        await #expect(throws: CancellationError.self) { try await measuring.value }
    }
}
#endif
