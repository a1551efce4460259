#if CLI
import ConcertoBatch
import Dispatch
import Foundation
import Synchronization

/// SIGINT and SIGTERM: the first asks the run to stop, the second ends the process.
final class SignalWatch {
    private let sources: [any DispatchSourceSignal]

    init(run: BatchRun, grace: Duration) {
        let counter = SignalCounter()
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                guard counter.next() == 1 else {
                    // Everything that is finished is in the store; the rest is for the resumed run.
                    _exit(ToolExit.interrupted)
                }
                Terminal.clearLine()
                Terminal.complain("concerto: no new calls; those under way finish. Interrupt again to stop now.")
                run.stop(grace: grace)
            }
            source.resume()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }
}

private final class SignalCounter: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
#endif
