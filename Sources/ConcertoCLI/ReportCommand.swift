#if CLI
import ArgumentParser
import ConcertoBatch
import ConcertoDiagnostics
import Foundation

/// `concerto report`: what holds another process up.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Says what holds a running Swift program up: one verdict, its evidence, and what to do.",
        discussion: """
            The program need not use Concerto; what is needed to read it says `concerto help tasks`. It is not stopped.

            Exit codes: 0 done and no bottleneck, 1 done and there is one, 2 not possible, and why.
            """)

    @Argument(help: "The number of the process.")
    var pid: Int32

    @Option(name: .customLong("for"), help: "How long to look.")
    var duration = DurationArgument(.seconds(10), "10s")

    @Flag(help: "One line of JSON.")
    var json = false

    func validate() throws {
        guard duration.value >= .milliseconds(100), duration.value <= .seconds(86_400) else {
            throw ValidationError("--for \(duration.text): between 100ms and 24h")
        }
    }

    func run() async throws {
        let report: BottleneckReport
        do {
            // Four looks a second, so that what comes and goes is seen in its proportion.
            let looks = min(max(Int(duration.value / .milliseconds(250)), 4), 400)
            report = try await BottleneckReport.measure(process: pid, for: duration.value, looks: looks)
        } catch {
            Terminal.complain("concerto report: \(error)")
            throw ExitCode(ToolExit.usage)
        }
        // A reader that has gone away has seen enough.
        try? FileHandle.standardOutput.write(contentsOf: Data((json ? report.jsonLine : report.text).utf8))
        if report.verdict != .none { throw ExitCode(ToolExit.someFailed) }
    }
}
#endif
