import Concerto
import ConcertoTesting
import Synchronization
import Testing

@Suite(.leakFree) struct CancellationRaceTests {
    @Test(.row("1.5.9"))
    func `unregister against cancel, 10,000 rounds: exactly one of "took it back" and "it ran"`() async {
        var random = SeededRandom(seed: 20)
        for round in 0..<10_000 {
            let source = CancellationTokenSource()
            let ran = Counter()
            let others = Int(random.next() % 3)
            let before = (0..<others).map { _ in source.token.register {} }
            let registration = source.token.register { ran.add() }
            async let cancelled: Bool = source.cancel()
            let removed = registration.unregister()
            _ = await cancelled
            #expect((removed ? 1 : 0) + ran.value == 1, "seed 20, round \(round)")
            withExtendedLifetime(before) {}
        }
    }

    @Test(.row("1.5.8", "1.5.10"))
    func `dispose of a running registration waits until the callback has ended`() async throws {
        // The callback holds its thread: two such tests on two threads of Swift's own executor would stop all the others.
        let pool = try ThreadPool(.init(minThreads: 1))
        for _ in 0..<20 {
            let source = CancellationTokenSource()
            let started = TaskCompletionSource<Void>()
            let finished = Atomic(false)
            let gate = Mutex(false)
            let shared = Shared(finished: finished, gate: gate)
            let registration = source.token.register {
                started.trySetResult()
                while !shared.gate.withLock({ $0 }) {}
                shared.finished.store(true, ordering: .releasing)
            }
            let canceller = Task.run(on: pool) { source.cancel() }
            await started.task.settled()
            #expect(!registration.unregister(), "a running callback cannot be taken back")
            let asynchronous = Task.run {
                await registration.dispose()
                return shared.finished.load(ordering: .acquiring)
            }
            shared.gate.withLock { $0 = true }
            disposeBlocking(registration)
            let hadFinished = shared.finished.load(ordering: .acquiring)
            #expect(hadFinished)
            #expect((try? await asynchronous.value) == true)
            _ = await canceller.outcome
            await registration.dispose()
        }
        await pool.shutdown()
    }

    @Test(.row("1.5.8"))
    func `dispose from inside the callback returns at once`() {
        let source = CancellationTokenSource()
        let box = Mutex<CancellationTokenRegistration?>(nil)
        let holder = Holder(box)
        let counter = Counter()
        let registration = source.token.register {
            holder.registration.withLock { $0 }.map(disposeBlocking)
            counter.add()
        }
        holder.registration.withLock { $0 = registration }
        source.cancel()
        #expect(counter.value == 1)
        registration.unregister()
    }

    @Test(.row("1.5.19"))
    func `dispose against cancel, 10,000 rounds: all callbacks run if cancel won, none if dispose did`() async {
        for round in 0..<10_000 {
            let source = CancellationTokenSource()
            let ran = Counter()
            let count = round % 3 + 1
            for _ in 0..<count { source.token.register { ran.add() } }
            async let won: Bool = source.cancel()
            source.dispose()
            let expected = await won ? count : 0
            #expect(ran.value == expected && source.isCancellationRequested == (expected > 0), "round \(round)")
        }
    }

    @Test func `Linking against cancelling, 2,000 rounds: no link is lost`() async {
        for _ in 0..<2_000 {
            let parent = CancellationTokenSource()
            async let cancelled: Bool = parent.cancel()
            let child = CancellationTokenSource(linkedTo: parent.token)
            _ = await cancelled
            #expect(child.isCancellationRequested)
        }
    }
}

private func disposeBlocking(_ registration: CancellationTokenRegistration) { registration.dispose() }

private final class Shared: Sendable {
    let finished: Atomic<Bool>
    let gate: Mutex<Bool>

    init(finished: consuming Atomic<Bool>, gate: consuming Mutex<Bool>) {
        self.finished = finished
        self.gate = gate
    }
}

private final class Holder: Sendable {
    let registration: Mutex<CancellationTokenRegistration?>

    init(_ registration: consuming Mutex<CancellationTokenRegistration?>) {
        self.registration = registration
    }
}

extension Awaitable {
    /// Waits for the end, whatever it is.
    func settled() async { _ = await outcome }
}
