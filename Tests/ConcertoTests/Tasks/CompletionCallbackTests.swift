import Concerto
import Testing

@Suite(.leakFree) struct CompletionCallbackTests {
    // Cause: the callbacks of an iteration held it, so a task that never ends kept every iteration that was left.
    @Test func `An iteration of whenEach that is left keeps nothing at a task that goes on`() async throws {
        let endless = TaskCompletionSource<Int>()
        let freed = Counter()
        for _ in 0..<100 {
            let probe = Probe { freed.add() }
            let waiting = TaskCompletionSource<Int>(onCancel: { _ = probe })
            let ended = TaskCompletionSource<Int>()
            ended.trySetResult(1)
            for try await _ in Task.whenEach([waiting.task, endless.task, ended.task]) { break }
        }
        #expect(freed.value == 100)
        endless.trySetResult(1)
    }

    // Cause: taking a callback back searched all of them from the first: 16,000 waits on one task took half a minute.
    @Test func `20,000 waits that share a task take their callbacks back in any order`() async throws {
        let shared = TaskCompletionSource<Int>()
        let own = (0..<20_000).map { _ in TaskCompletionSource<Int>() }
        let waits = own.map { source in Task { try await Task.whenAny([shared.task, source.task]).id } }
        for index in own.indices.reversed() where index % 2 == 0 { own[index].trySetResult(index) }
        for index in own.indices where index % 2 == 0 { #expect(try await waits[index].value == own[index].task.id) }
        shared.trySetResult(0)
        for index in own.indices where index % 2 == 1 { #expect(try await waits[index].value == shared.task.id) }
    }

    @Test func `Callbacks run in the order of registration, whichever are taken back before`() async throws {
        let source = TaskCompletionSource<Int>()
        let log = Recorder<Int>()
        for round in 0..<50 {
            source.task.onCompletion(.synchronous) { _ in log.record(round) }
            // Takes its own callback back when it ends.
            _ = try await Task.whenAny([source.task, TaskHandle<Int>.completed(round), source.task])
            let waiting = TaskCompletionSource<Int>()
            let wait = Task { try await Task.whenAny([source.task, waiting.task]) }
            waiting.trySetResult(1)
            _ = try await wait.value
        }
        source.trySetResult(1)
        #expect(log.entries == Array(0..<50))
    }
}
