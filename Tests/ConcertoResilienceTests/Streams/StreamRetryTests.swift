import Concerto
import ConcertoResilience
import ConcertoTesting
import Testing

private struct Broken: Error {}

/// A tick is a millisecond of a clock that the test moves.
@Suite struct StreamRetryTests {
    @Test func `49: what the loop throws opens nothing anew`() async throws {
        let marbles = Marbles()
        let source = marbles.cold("a@1 b@2 |@3")
        let stream = try source.retry(maxRetries: 42, clock: marbles.clock)
        let seen = Guarded(0)
        let task = marbles.executor.task {
            for try await _ in stream {
                seen.withLock { $0 += 1 }
                throw Broken()
            }
        }
        marbles.play()
        await #expect(throws: Broken.self) { try await task.value }
        #expect(seen.withLock { $0 } == 1)
        #expect(source.opened == 1)
        #expect(marbles.clock.pending == 0)
    }

    @Test func `50: two retries open a cold source three times, with pauses, and then the failure comes`() throws {
        let marbles = Marbles()
        let source = marbles.cold("1@5 2@10 #@20")
        let stream = try source.retry(maxRetries: 2, backoff: .constant(.ticks(10)), clock: marbles.clock)
        #expect(marbles.run(stream) == "1@5 2@10 1@35 2@40 1@65 2@70 #@80")
        #expect(source.opened == 3)
    }

    @Test func `52: an opening that held long enough has all retries again`() throws {
        let marbles = Marbles()
        // How long each opening holds; after the last the two failures before and behind it are 3 apart.
        let openings = Guarded([5, 20, 20, 20, 3])
        let opened = Guarded(0)
        let source = Opened {
            opened.withLock { $0 += 1 }
            return openings.withLock { $0.isEmpty ? 1_000 : $0.removeFirst() }
        } run: { ticks in
            try await marbles.clock.sleep(for: .ticks(ticks))
            throw MarbleError()
        }
        let stream = try source.retry(
            maxRetries: 1, backoff: .none, resetAfter: .ticks(10), clock: marbles.clock)
        #expect(marbles.run(stream) == "#@68")
        #expect(opened.withLock { $0 } == 5)
    }

    @Test func `53: a cancelled loop opens nothing anew, during the pause neither`() throws {
        let marbles = Marbles()
        let source = marbles.cold("1@5 #@10")
        let stream = try source.retry(maxRetries: 9, backoff: .constant(.ticks(100)), clock: marbles.clock)
        let observer = marbles.observe(stream)
        marbles.play(until: 50)
        #expect(observer.diagram == "1@5")
        observer.cancel()
        marbles.play(until: 60)
        #expect(observer.diagram == "1@5 #CancellationError@50")
        #expect(source.opened == 1)
        #expect(marbles.clock.pending == 0)
    }

    @Test func `53: a TimeoutError of the source's own is retried, and what is not worth it is not`() throws {
        let marbles = Marbles()
        let opened = Guarded(0)
        let source = Opened {
            opened.withLock { $0 += 1 }
            return 1
        } run: { _ in
            throw TimeoutError(limit: .seconds(1))
        }
        #expect(
            marbles.run(try source.retry(maxRetries: 2, backoff: .none, clock: marbles.clock))
                == "#TimeoutError@0")
        #expect(opened.withLock { $0 } == 3)
        let picky = try source.retry(maxRetries: 2, clock: marbles.clock) { !($0 is TimeoutError) }
        #expect(marbles.run(picky) == "#TimeoutError@0")
        #expect(opened.withLock { $0 } == 4)
    }

    @Test func `negative numbers and times are refused at the call`() throws {
        let source = Marbles().cold("|")
        #expect(throws: ArgumentError.self) { try source.retry(maxRetries: -1) }
        #expect(throws: ArgumentError.self) { try source.retry(maxRetries: 1, resetAfter: .nanoseconds(-1)) }
        let backoff = Backoff.exponential(base: .seconds(2), cap: .seconds(1))
        let error = #expect(throws: ArgumentError.self) { try source.retry(maxRetries: 1, backoff: backoff) }
        #expect(error?.argument == "backoff.cap")
    }
}

/// A source without elements that knows each of its openings.
private struct Opened: AsyncSequence, Sendable {
    let open: @Sendable () -> Int
    let run: @Sendable (Int) async throws -> Void

    struct AsyncIterator: AsyncIteratorProtocol {
        let ticks: Int
        let run: @Sendable (Int) async throws -> Void

        mutating func next() async throws -> Int? {
            try await run(ticks)
            return nil
        }
    }

    init(_ open: @escaping @Sendable () -> Int, run: @escaping @Sendable (Int) async throws -> Void) {
        self.open = open
        self.run = run
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(ticks: open(), run: run) }
}
