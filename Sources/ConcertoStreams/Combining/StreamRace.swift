import Concerto
import ConcertoRuntime

/// Tasks of which the first to say so wins; the others are cancelled and awaited.
@usableFromInline
final class StreamRace: Sendable {
    private struct State {
        var tasks: [Task<Void, Never>] = []
        var winner: Int?
        var isCancelled = false
    }

    private let state = Guarded(State())
    private let runners: Int

    @usableFromInline
    init(runners: Int) { self.runners = runners }

    /// Starts every runner.
    @usableFromInline
    func start(on placement: (any TaskExecutor)?, _ run: @escaping @Sendable (Int) async -> Void) {
        for number in 0..<runners {
            // Under the lock, so that a winner finds all tasks that there are; making one runs nothing.
            state.withLock { $0.tasks.append(StreamTask.start(on: placement) { await run(number) }) }
        }
        let late = state.withLock { state in
            state.winner.map { winner in state.tasks.enumerated().filter { $0.offset != winner }.map(\.element) } ?? []
        }
        for task in late { task.cancel() }
    }

    /// Whether `number` is the first to ask; returns to the winner when the others are through.
    @usableFromInline
    func wins(_ number: Int) async -> Bool {
        let losers = state.withLock { state -> [Task<Void, Never>]? in
            guard state.winner == nil, !state.isCancelled else { return nil }
            state.winner = number
            return state.tasks.enumerated().filter { $0.offset != number }.map(\.element)
        }
        guard let losers else { return false }
        for loser in losers { loser.cancel() }
        for loser in losers { await loser.value }
        return true
    }

    /// Waits until all are through; cancelled, it cancels them.
    @usableFromInline
    func finish() async {
        let tasks = state.withLock { $0.tasks }
        await withTaskCancellationHandler {
            for task in tasks { await task.value }
        } onCancel: {
            state.withLock { $0.isCancelled = true }
            for task in tasks { task.cancel() }
        }
    }
}
