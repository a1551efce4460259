import Concerto
import ConcertoTesting
import TestSupport
import Testing

/// Serialised, because the handler is the process's; errors of other suites pass by, ours have numbers of their own.
@Suite(.serialized, .leakFree) struct UnobservedErrorTests {
    private func raised(
        _ numbers: ClosedRange<Int>, awaiting count: Int = 0, _ body: () async throws -> Void
    ) async rethrows -> [Int] {
        let log = Recorder<Int>()
        TaskHandle.onUnobservedError = { event in
            if let failure = event.error as? Failure { log.record(failure.number) }
        }
        defer { TaskHandle.onUnobservedError = nil }
        try await body()
        // What ends in the background may raise a little later.
        await until { log.entries.count { numbers.contains($0) } >= count }
        return log.entries.filter { numbers.contains($0) }
    }

    @Test(.row("1.3.1", "1.3.5"))
    func `A failed task that nobody asked raises its error exactly once, when its last reference goes`() async {
        let log = await raised(1_000...1_009) {
            let source = TaskCompletionSource<Int>()
            source.trySetError(Failure(1_000))
            var copy: TaskHandle<Int>? = source.task
            withExtendedLifetime(source) {}
            copy = nil
            _ = copy
        }
        #expect(log == [1_000])
    }

    @Test(.row("1.3.1"))
    func `The report names the task and where it was made, and nothing crashes without a handler`() async {
        let log = Recorder<String>()
        TaskHandle.onUnobservedError = { event in
            if event.error as? Failure == Failure(1_010) { log.record(event.description) }
        }
        do { _ = TaskCompletionSource<Int>(name: "import").trySetError(Failure(1_010)) }
        TaskHandle.onUnobservedError = nil
        #expect(log.count == 1)
        #expect(log.entries.first?.contains("\"import\" created at ConcertoTests/UnobservedErrorTests.swift:") == true)
        do { _ = TaskCompletionSource<Int>(name: "shown on standard error by a test").trySetError(Failure(1_011)) }
    }

    @Test(.row("1.3.2", "1.2.6"))
    func `Awaiting, result, wait and being an input of whenAll observe; asking for the status does not`() async {
        let log = await raised(1_020...1_029) {
            _ = try? await TaskHandle<Int>.failed(Failure(1_020)).value
            _ = TaskHandle<Int>.failed(Failure(1_021)).result
            _ = try? await TaskHandle<Int>.failed(Failure(1_022)).wait()
            _ = try? await Task.whenAll([TaskHandle<Int>.failed(Failure(1_023))])
            _ = await TaskHandle<Int>.failed(Failure(1_024)).outcome
            TaskHandle<Int>.failed(Failure(1_025)).markObserved()
            _ = TaskHandle<Int>.failed(Failure(1_026)).status
            _ = TaskHandle<Int>.failed(Failure(1_027)).isCompleted
        }
        #expect(log == [1_026, 1_027])
    }

    @Test(.row("1.3.3"))
    func `A cancellation is never raised`() async {
        let log = Recorder<Int>()
        TaskHandle.onUnobservedError = { if $0.error is CancellationError { log.record(1) } }
        _ = TaskHandle<Int>.cancelled
        TaskHandle.onUnobservedError = nil
        #expect(log.entries.isEmpty)
    }

    @Test(.row("1.3.4"))
    func `Losers of whenAny that fail later are not raised; a task abandoned by a timed wait is`() async {
        let log = await raised(1_040...1_049) {
            do {
                let loser = TaskCompletionSource<Int>()
                _ = try? await Task.whenAny([loser.task, .completed(1)])
                loser.trySetError(Failure(1_040))
            }
            do {
                let abandoned = TaskCompletionSource<Int>()
                _ = try? await abandoned.task.wait(timeout: .zero)
                abandoned.trySetError(Failure(1_041))
            }
        }
        #expect(log == [1_041])
    }

    // Cause: waiting for a Swift task makes a handle, and nobody can ask that: the error of the task itself, which its
    // owner awaits later, was raised.
    @Test func `Swift's own task that a timed wait gave up on is not raised, whoever asks it later`() async {
        let log = await raised(1_060...1_069) {
            let gate = TaskCompletionSource<Int>()
            let task = Task<Int, any Error> {
                _ = try await gate.task.value
                throw Failure(1_060)
            }
            await #expect(throws: TimeoutError.self) { try await task.wait(timeout: .zero) }
            gate.trySetResult(1)
            await #expect(throws: Failure(1_060)) { try await task.value }
        }
        #expect(log.isEmpty)
    }

    @Test(.row("1.9.6"))
    func `A loop that was cancelled from outside throws CancellationError and raises what failed before`() async {
        let log = await raised(1_070...1_079) {
            let token = CancellationTokenSource()
            await #expect(throws: CancellationError.self) {
                try await (0..<4).forEachConcurrently(limit: 4, cancellation: token.token) { number in
                    if number == 0 {
                        // Whoever fails last is cancelled by then.
                        token.cancel()
                        throw Failure(1_070)
                    }
                    while !Task.isCancelled { await Task.yield() }
                    if number == 2 { throw CancellationError() }
                    if number == 3 { throw Failure(1_073) }
                }
            }
        }
        #expect(log.sorted() == [1_070, 1_073])
    }

    // The handler was wrapped once more with every error, and calling it overflowed the stack in the end.
    @Test func `the 150,000th error costs what the first one did and arrives as well, F2`() async {
        let count = Counter()
        TaskHandle.onUnobservedError = { event in
            if event.error as? Failure == Failure(1_080) { count.add() }
        }
        defer { TaskHandle.onUnobservedError = nil }
        for _ in 0..<150_000 { _ = TaskHandle<Int>.failed(Failure(1_080)) }
        #expect(count.value == 150_000)
    }

    @Test func `Errors of callbacks under a cancel that cannot throw are raised`() async throws {
        let log = try await raised(1_050...1_059) {
            let source = CancellationTokenSource()
            try source.token.register { () throws in throw Failure(1_050) }
            source.cancel()
        }
        #expect(log == [1_050])
    }
}
