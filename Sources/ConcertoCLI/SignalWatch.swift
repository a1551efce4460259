#if CLI
import Concerto
import ConcertoBatch
import Dispatch
import Foundation

/// SIGINT, SIGTERM and SIGHUP: the first asks the run to stop, another ends the process.
final class SignalWatch {
    private let sources: [any DispatchSourceSignal]

    convenience init(run: BatchRun, grace: Duration) { self.init { run.stop(grace: grace) } }

    /// - Parameter stop: Asks what runs to stop; called once.
    init(_ stop: @escaping @Sendable () -> Void) {
        let interrupts = Interrupts()
        sources = Self.numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                switch interrupts.next(at: MonotonicClock().now) {
                case .nothing: break
                case .exit:
                    // Everything that is finished is in the store; the rest is for the resumed run.
                    _exit(ToolExit.interrupted)
                case .stop:
                    Terminal.clearLine()
                    Terminal.complain("concerto: no new calls; those under way finish. Interrupt again to stop now.")
                    stop()
                }
            }
            source.resume()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }

    /// A terminal that is closed asks to stop like anybody, unless whoever started the process (`nohup`) said that it does
    /// not matter.
    private static var numbers: [CInt] {
        var hangUp = sigaction()
        sigaction(SIGHUP, nil, &hangUp)
        let isIgnored = hangUp.__sigaction_handler.sa_handler.map { unsafeBitCast($0, to: Int.self) } == 1
        return isIgnored ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    }
}

/// What each signal that asks to stop is taken for.
final class Interrupts: Sendable {
    enum Answer: Equatable {
        case stop
        case nothing
        case exit
    }

    /// Some send one wish twice: `timeout` signals the process and then its group, a terminal everybody in it.
    static let echo = Duration.milliseconds(500)

    private let first = Guarded<TimerInstant?>(nil)

    func next(at now: TimerInstant) -> Answer {
        first.withLock { first in
            guard let begin = first else {
                first = now
                return .stop
            }
            return begin.duration(to: now) < Self.echo ? .nothing : .exit
        }
    }
}
#endif
