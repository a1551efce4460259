#if CLI
import ConcertoBatch
import Foundation

/// Prints how far a run is: one line that is redrawn on a terminal, a plain line every five seconds elsewhere.
struct ProgressPrinter {
    private let task: Task<Void, Never>

    init(run: BatchRun) {
        let draws = Terminal.draws
        let line = ProgressLine(drawsBar: draws)
        task = Task {
            while true {
                do { try await Task.sleep(for: draws ? .milliseconds(200) : .seconds(5)) } catch { break }
                let progress = run.progress
                guard progress.elapsed > .zero || progress.planned > 0 else { continue }
                if draws {
                    Terminal.redraw(line.text(progress, columns: Terminal.room))
                } else {
                    Terminal.complain(line.text(progress))
                }
            }
            Terminal.clearLine()
        }
    }

    /// Stops printing and leaves a clean line.
    func stop() async {
        task.cancel()
        await task.value
    }
}
#endif
