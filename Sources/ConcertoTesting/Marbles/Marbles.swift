import Concerto
import ConcertoRuntime

/// A test of streams in virtual time: sources that do what a diagram says, and a record of what comes out.
///
/// ```swift
/// let marbles = Marbles()
/// let source = marbles.hot("ab--c|")
/// #expect(marbles.run(source.debounced(for: .ticks(2), clock: marbles.clock)) == "b@3 c@5 |@5")
/// ```
///
/// Everything runs on one thread, job by job: the same test does the same thing every time. At one tick upstream comes
/// first, then timers, then demand.
public final class Marbles: Sendable {
    /// The clock that the operators under test are to be given. A tick is a millisecond of it.
    public let clock = ManualClock()

    /// Where everything runs.
    public let executor: ManualExecutor

    private let stage: MarbleStage

    /// Creates a stage at tick 0.
    ///
    /// - Parameter order: Which of the jobs that are ready runs next; a random order finds what depends on it.
    public init(order: ManualExecutor.Order = .firstInFirstOut) {
        executor = ManualExecutor(order: order)
        stage = MarbleStage(clock: clock, executor: executor)
    }

    /// The tick at which the test stands.
    public var tick: Int { stage.tick }

    /// A source that runs from now on, whoever listens; ticks count from 0. What happens while nobody listens is lost.
    public func hot(_ diagram: MarbleDiagram) -> MarbleSource {
        MarbleSource(core: MarbleSource.Core(diagram, isHot: true, on: stage))
    }

    /// A source that starts anew for every iteration; ticks count from its first `next`.
    public func cold(_ diagram: MarbleDiagram) -> MarbleSource {
        MarbleSource(core: MarbleSource.Core(diagram, isHot: false, on: stage))
    }

    /// Starts to iterate over `stream`, from ``play(until:)`` on.
    ///
    /// - Parameters:
    ///   - stream: What to record.
    ///   - tick: When the iteration begins.
    ///   - leaving: The loop is left, and its task ends, after so many elements.
    ///   - busy: How many ticks the loop's body takes for an element: not asking for the next meanwhile.
    public func observe<Stream: AsyncSequence & Sendable>(
        _ stream: Stream, from tick: Int = 0, leaving: Int = .max, busy: Int = 0
    ) -> MarbleObserver {
        let observer = MarbleObserver()
        let stage = stage
        observer.task.withLock {
            $0 = executor.task {
                if tick > stage.tick { await stage.wait(until: tick) }
                await observer.record(stream, on: stage, leaving: leaving, busy: busy)
            }
        }
        return observer
    }

    /// Moves time on until nothing is left to happen.
    ///
    /// - Parameter tick: Where to stop at the latest.
    public func play(until tick: Int = 10_000_000) {
        stage.play(until: tick) { false }
        if tick != 10_000_000 { clock.move(to: TimerInstant(nanoseconds: 0).advanced(by: .ticks(tick))) }
    }

    /// Calls `action` at `tick`, after everything else that happens then.
    public func at(_ tick: Int, _ action: @escaping @Sendable () -> Void) {
        stage.schedule(at: tick, .demand, action)
    }

    /// Suspends the caller, which runs on ``executor``, until `tick`.
    public func wait(until tick: Int) async { await stage.wait(until: tick) }

    /// Iterates over `stream` until it ends or nothing is left to happen, and says what came out. The iteration is
    /// cancelled then.
    public func run<Stream: AsyncSequence & Sendable>(
        _ stream: Stream, leaving: Int = .max, busy: Int = 0
    ) -> MarbleDiagram {
        let observer = observe(stream, leaving: leaving, busy: busy)
        stage.play(until: 10_000_000) { observer.isThrough }
        let seen = observer.diagram
        observer.cancel()
        executor.runUntilIdle()
        return seen
    }
}

extension MarbleStage {
    func wait(until tick: Int) async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            schedule(at: tick, .demand) { continuation.resume() }
        }
    }
}

/// What an iteration that ``Marbles`` started has seen.
public final class MarbleObserver: Sendable {
    private struct State {
        var moments: [MarbleDiagram.Moment] = []
        var isThrough = false
    }

    private let state = Guarded(State())
    let task = Guarded<Task<Void, any Error>?>(nil)

    init() {}

    /// What has come out so far.
    public var diagram: MarbleDiagram { MarbleDiagram(state.withLock { $0.moments }) }

    /// Whether the iteration is over.
    public var isThrough: Bool { state.withLock { $0.isThrough } }

    /// Cancels the task that iterates.
    public func cancel() { task.withLock { $0 }?.cancel() }

    func record<Stream: AsyncSequence & Sendable>(
        _ stream: Stream, on stage: MarbleStage, leaving: Int, busy: Int
    ) async {
        var count = 0
        do {
            for try await element in stream {
                add(.element(marbleText(element)), at: stage.tick)
                count += 1
                if count >= leaving { break }
                if busy > 0 { await stage.wait(until: stage.tick + busy) }
            }
            if count < leaving { add(.end, at: stage.tick) }
        } catch {
            add(.failure(error is MarbleError ? "" : "\(type(of: error as Any))"), at: stage.tick)
        }
        state.withLock { $0.isThrough = true }
    }

    private func add(_ event: MarbleDiagram.Event, at tick: Int) {
        state.withLock { $0.moments.append(MarbleDiagram.Moment(event, at: tick)) }
    }
}
