import Concerto
import ConcertoStreams
import ConcertoTesting
import TestSupport
import Testing

private struct Failure: Error, Equatable {
    let number: Int

    init(_ number: Int) { self.number = number }
}

@Suite struct ConcurrentMapTests {
    /// A map whose bodies sleep in virtual time.
    private func sleeping(
        _ delays: [Int], limit: Int, ordered: Bool, on marbles: Marbles, log: Log = Log()
    ) throws -> some AsyncSequence<Int, any Error> & Sendable {
        try delays.indices.concurrentMap(limit: limit, ordered: ordered) { index in
            log.add("\(index + 1)@\(marbles.tick)")
            try await marbles.clock.sleep(for: .ticks(delays[index]))
            return index + 1
        }
    }

    @Test func `79: in order, three at a time, all come when the slowest is done`() throws {
        let marbles = Marbles()
        #expect(marbles.run(try sleeping([30, 10, 20], limit: 3, ordered: true, on: marbles)) == "1@30 2 3 |")
    }

    @Test func `80: unordered they come as they are done`() throws {
        let marbles = Marbles()
        #expect(marbles.run(try sleeping([30, 10, 20], limit: 3, ordered: false, on: marbles)) == "2@10 3@20 1@30 |")
    }

    @Test func `82: what waits for the loop counts, so the third starts when the first is taken`() throws {
        let marbles = Marbles()
        let log = Log()
        let seen = marbles.run(try sleeping([100, 1, 1], limit: 2, ordered: true, on: marbles, log: log))
        #expect(log.entries == ["1@0", "2@0", "3@100"])
        #expect(seen == "1@100 2 3@101 |")
    }

    @Test func `83: in order, those before a failure come first, those after it are cancelled and awaited`() throws {
        let marbles = Marbles()
        let log = Log()
        let stream = try (1...5).concurrentMap(limit: 5) { number in
            if number == 3 {
                try await marbles.clock.sleep(for: .ticks(10))
                throw Failure(3)
            }
            do { try await marbles.clock.sleep(for: .ticks(number < 3 ? 20 : 1_000)) } catch {
                await withTaskCancellationShield { try? await marbles.clock.sleep(for: .ticks(number)) }
                log.add("\(number) cleaned up @\(marbles.tick)")
                throw error
            }
            return number
        }
        #expect(marbles.run(stream) == "1@20 2 #Failure")
        #expect(log.entries == ["4 cleaned up @14", "5 cleaned up @15"])
    }

    @Test func `83: of several failures in order the first in order comes out`() throws {
        let marbles = Marbles()
        let stream = try (1...3).concurrentMap(limit: 3) { number -> Int in
            try await marbles.clock.sleep(for: .ticks(40 - number * 10))
            throw Failure(number)
        }
        let log = Log()
        let task = marbles.executor.task {
            do { for try await _ in stream {} } catch { log.add("\(error)@\(marbles.tick)") }
        }
        marbles.play()
        #expect(log.entries == ["Failure(number: 1)@30"])
        task.cancel()
    }

    @Test func `4: unordered, the first failure cancels all others and comes when they have ended`() throws {
        let marbles = Marbles()
        let stream = try (1...4).concurrentMap(limit: 4, ordered: false) { number in
            try await marbles.clock.sleep(for: .ticks(number * 10))
            if number == 2 { throw Failure(2) }
            return number
        }
        #expect(marbles.run(stream) == "1@10 #Failure@20")
        #expect(marbles.clock.pending == 0)
    }

    @Test func `4: a source that fails does so after the results of what it gave`() throws {
        let marbles = Marbles()
        let stream = try marbles.hot("1@0 2@1 #@5").concurrentMap(limit: 4) { text in
            try await marbles.clock.sleep(for: .ticks(10))
            return text
        }
        #expect(marbles.run(stream) == "1@10 2@11 #")
    }

    @Test func `85: a loop that is left cancels the bodies, and no other starts`() throws {
        let marbles = Marbles()
        let log = Log()
        let stream = try sleeping([10, 50, 50, 50, 50], limit: 2, ordered: true, on: marbles, log: log)
        #expect(marbles.run(stream, leaving: 1) == "1@10")
        #expect(marbles.clock.pending == 0)
        let started = log.entries.count
        marbles.play()
        #expect(log.entries.count == started)
    }

    @Test func `86: by key, one key's elements are worked on in order, others pass them`() throws {
        let marbles = Marbles()
        let log = Log()
        let delays = ["a1": 30, "a2": 5, "b1": 10, "a3": 5, "b2": 1]
        let stream = try ["a1", "a2", "b1", "a3", "b2"].asStream().concurrentMap(
            limit: 5, partitionedBy: { $0.first! }
        ) { name in
            log.add("\(name)@\(marbles.tick)")
            try await marbles.clock.sleep(for: .ticks(delays[name]!))
            return name
        }
        #expect(marbles.run(stream) == "b1@10 b2@11 a1@30 a2@35 a3@40 |")
        #expect(log.entries == ["a1@0", "b1@0", "b2@10", "a2@30", "a3@35"])
    }

    @Test(arguments: [true, false])
    func `B10: bodies that share a semaphore with the loop end`(ordered: Bool) async throws {
        let semaphore = AsyncSemaphore(permits: 4)
        var sum = 0
        for try await number in try (0..<500).concurrentMap(
            limit: 4, ordered: ordered,
            { number in
                try await semaphore.withPermit { await Task.yield() }
                return number
            })
        {
            try await semaphore.withPermit { sum += number }
        }
        #expect(sum == 499 * 500 / 2)
        #expect(throws: ArgumentError.self) { try (0..<3).concurrentMap(limit: 0) { $0 } }
        #expect(throws: ArgumentError.self) {
            try (0..<3).asStream().concurrentMap(limit: 0, partitionedBy: { $0 }) { $0 }
        }
    }

    @Test(arguments: [1, 4, 64]) func `ten thousand come once each, in order where that was asked`(limit: Int)
        async throws
    {
        var results: [Int] = []
        for try await number in try (0..<10_000).concurrentMap(
            limit: limit,
            { number in
                if number % 70 == 0 { await Task.yield() }
                return number
            })
        { results.append(number) }
        #expect(results == Array(0..<10_000))
        var arrived: Set<Int> = []
        for try await number in try (0..<10_000).concurrentMap(limit: limit, ordered: false, { $0 }) {
            #expect(arrived.insert(number).inserted)
        }
        #expect(arrived.count == 10_000)
    }

    @Test func `by keys, an iteration waits for nothing that an earlier one has left`() async throws {
        let hasFailed = Flag()
        let mapped = try (0..<20).asStream().concurrentMap(limit: 2, partitionedBy: { _ in 0 }) { number in
            if number == 3, !hasFailed.isSet {
                hasFailed.set()
                throw Failure(number)
            }
            return number
        }
        await #expect(throws: Failure(3)) { for try await _ in mapped {} }
        var seen: [Int] = []
        for try await number in mapped { seen.append(number) }
        #expect(seen == Array(0..<20))
    }

    @Test func `a loop that is left after the first result has started few`() async throws {
        let started = Counter()
        for try await _ in try (0..<100_000).concurrentMap(limit: 4, { _ in started.increment() }) { break }
        #expect(started.value < 50)
    }

    // Cause: only the wait for a result passed a cancellation on, not the wait for the next element.
    @Test func `cancelling the iteration cancels the bodies, also while the iterator lives`() async throws {
        let source = UnboundedChannel<Int>()
        #expect(source.tryWrite(1))
        let started = TaskCompletionSource<Void>()
        let cancelled = TaskCompletionSource<Void>()
        let results = try source.concurrentMap(limit: 2, ordered: false) { (number: Int) -> Int in
            started.trySetResult()
            do { try await Task.delay(for: .seconds(1_000)) } catch {
                cancelled.trySetResult()
                throw error
            }
            return number
        }
        let iteration = Task {
            let iterator = results.makeAsyncIterator()
            await #expect(throws: CancellationError.self) { try await iterator.next() }
            try await withTaskCancellationShield { try await cancelled.task.value }
            #expect(try await iterator.next() == nil, "after an error there is nothing more")
        }
        try await started.task.value
        iteration.cancel()
        try await iteration.value
    }

    @Test func `F6: a failure that nobody reads, as the loop has been left, is an unobserved error`() throws {
        struct Unread: Error, Equatable { let number: Int }
        let seen = Shared<[Unread]>([])
        TaskHandle.onUnobservedError = { event in
            if let error = event.error as? Unread { seen.change { $0.append(error) } }
        }
        defer { TaskHandle.onUnobservedError = nil }
        let marbles = Marbles()
        let stream = try (1...3).concurrentMap(limit: 3, ordered: false) { number in
            do { try await marbles.clock.sleep(for: .ticks(number)) } catch { throw Unread(number: number) }
            return number
        }
        #expect(marbles.run(stream, leaving: 1) == "1@1")
        #expect(Set(seen.value.map(\.number)) == [2, 3])
        // One that the loop gets is observed.
        let failing = try (1...1).concurrentMap(limit: 1) { number -> Int in throw Unread(number: 9) }
        #expect(marbles.run(failing) == "#Unread@1")
        // Also where the iteration that throws it cancels what else runs.
        for isOrdered in [true, false] {
            let wide = try (0..<20).concurrentMap(limit: 4, ordered: isOrdered) { number in
                if number == 10 { throw Unread(number: number) }
                return number
            }
            #expect(marbles.run(wide).description.contains("#Unread"))
        }
        #expect(seen.value.count == 2)
    }
}
