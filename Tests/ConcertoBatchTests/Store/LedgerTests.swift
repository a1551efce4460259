#if Batch
import Concerto
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct LedgerTests {
    private let clock = ManualClock()

    private func line(_ text: String) -> [UInt8] { Array("\(text)\n".utf8) }

    private func registration(_ key: String, _ number: Int) -> RowRegistration {
        RowRegistration(RowIdentity(number: number, line: number, token: .string(key)), RowFingerprint())
    }

    @Test func resultsComeTogetherForAnInterval() async throws {
        let (store, output) = (MemoryStore(), MemoryOutput())
        let ledger = Ledger(store: store, output: output, interval: .milliseconds(5), clock: clock)
        async let run: Void = ledger.run()
        try await ledger.finish("a", as: .succeeded, line: line("a"))
        clock.advance(by: .milliseconds(3))
        try await ledger.finish("b", as: .failed, line: line("b"))
        #expect(store.commits.isEmpty && clock.pending == 1)
        // Counted from the first result.
        clock.advance(by: .milliseconds(2))
        await until { store.commits.count == 1 }
        #expect(store.states == ["a": .succeeded, "b": .failed] && output.bytes == line("a") + line("b"))
        #expect(store.commits[0].outputLength == 4)
        try await ledger.finish("c", as: .succeeded, line: line("c"))
        ledger.close()
        try await run
        #expect(store.states["c"] == .succeeded)
    }

    @Test func whoMustKnowDoesNotWaitForTheInterval() async throws {
        let (store, output) = (MemoryStore(), MemoryOutput())
        let ledger = Ledger(store: store, output: output, clock: clock)
        async let run: Void = ledger.run()
        try await ledger.finish("a", as: .succeeded, line: line("a"))
        try await ledger.mark("b", .inFlight)
        #expect(store.states == ["a": .succeeded, "b": .inFlight] && output.bytes == line("a"))
        try ledger.note("b", .pending)
        try await ledger.flush()
        #expect(store.states["b"] == .pending)
        ledger.close()
        try await run
    }

    @Test func aLotOfResultsIsCommittedAtOnceAndTooManyMakeTheirWorkerWait() async throws {
        let (store, output) = (MemoryStore(), MemoryOutput())
        let ledger = Ledger(store: store, output: output, clock: clock)
        let large = [UInt8](repeating: 0x78, count: Ledger.largeBatch + 1)
        async let run: Void = ledger.run()
        try await ledger.finish("a", as: .succeeded, line: large)
        await until { store.commits.count == 1 }
        try await ledger.finish("b", as: .succeeded, line: [UInt8](repeating: 0x78, count: Ledger.backlog + 1))
        #expect(store.states["b"] == .succeeded)
        ledger.close()
        try await run
    }

    @Test func rowsAreRegisteredInTheOrderOfTheInput() async throws {
        let store = MemoryStore()
        let ledger = Ledger(store: store, output: MemoryOutput(), clock: clock)
        let run = Task { try await ledger.run() }
        try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
            for number in (1...200).shuffled() {
                group.addTask {
                    let answer = try await ledger.register(registration("k\(number % 150)", number), number: number)
                    if case .duplicate = answer { return (number, true) }
                    return (number, false)
                }
            }
            for try await (number, isDuplicate) in group { #expect(isDuplicate == (number > 150)) }
        }
        #expect(store.registered == (1...150).map { "k\($0 % 150)" })
        ledger.close()
        try await run.value
    }

    @Test func aFailureReachesEverybodyWhoWaitsOrComesLater() async throws {
        let ledger = Ledger(store: MemoryStore(failsAt: 1), output: MemoryOutput(), clock: clock)
        let waiters = (0..<4).map { number in Task { try await ledger.mark("\(number)", .inFlight) } }
        // It waits for row 1, which never comes.
        let early = Task { try await ledger.register(registration("e", 2), number: 2) }
        await #expect(throws: MemoryStore.Failure.self) { try await ledger.run() }
        for waiter in waiters { await #expect(throws: MemoryStore.Failure.self) { try await waiter.value } }
        await #expect(throws: MemoryStore.Failure.self) { _ = try await early.value }
        await #expect(throws: MemoryStore.Failure.self) { try await ledger.flush() }
        await #expect(throws: MemoryStore.Failure.self) {
            try await ledger.finish("x", as: .succeeded, line: line("x"))
        }
        #expect(throws: MemoryStore.Failure.self) { try ledger.note("x", .pending) }
    }

    @Test func anOutputThatIsFullLeavesNothingFinished() async throws {
        let store = MemoryStore()
        let ledger = Ledger(store: store, output: MemoryOutput(capacity: 3), clock: clock)
        try await ledger.finish("a", as: .succeeded, line: line("too long"))
        let waiter = Task { try await ledger.flush() }
        await #expect(throws: MemoryOutput.Failure.self) { try await ledger.run() }
        await #expect(throws: MemoryOutput.Failure.self) { try await waiter.value }
        #expect(store.commits.isEmpty)
    }

    @Test func closingCommitsWhatIsThereAndEndsTheRun() async throws {
        let store = MemoryStore()
        let ledger = Ledger(store: store, output: MemoryOutput(), clock: clock)
        try await ledger.finish("a", as: .succeeded, line: line("a"))
        ledger.close()
        try await ledger.run()
        #expect(store.states == ["a": .succeeded])
    }

    /// A store that fails at some commit: what was acknowledged before is committed, its lines are in the output, and
    /// everybody hears of the failure.
    @Test func underStressNothingThatWasAcknowledgedIsLost() async throws {
        var random = seededRandom()
        for _ in 0..<40 {
            let failsAt = Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : nil
            let (store, output) = (MemoryStore(failsAt: failsAt), MemoryOutput())
            let ledger = Ledger(store: store, output: output, interval: .milliseconds(1), clock: clock)
            let acknowledged = Shared<Set<String>>([])
            let handedIn = Shared(0)
            let run = Task { try await ledger.run() }
            let ended = Shared(0)
            let workers = (0..<16).map { worker in
                let draws = (0..<20).map { _ in Int.random(in: 0..<4, using: &random) }
                return Task {
                    defer { ended.change { $0 += 1 } }
                    for (number, draw) in draws.enumerated() {
                        let key = "\(worker)-\(number)"
                        if draw == 0 { try await ledger.mark("m\(key)", .inFlight) }
                        try await ledger.finish(key, as: .succeeded, line: line(key))
                        handedIn.change { $0 += 1 }
                        guard draw == 1 else { continue }
                        try await ledger.flush()
                        acknowledged.change { $0.insert(key) }
                    }
                }
            }
            await drive(clock) { ended.value == workers.count }
            ledger.close()
            let result = await run.result
            let lines = Set(String(decoding: output.bytes, as: UTF8.self).split(separator: "\n").map(String.init))
            let states = store.states
            for key in acknowledged.value { #expect(states[key] == .succeeded && lines.contains(key)) }
            // Finished in the store means written, and the length never runs ahead of the lines.
            for (key, state) in states where state == .succeeded { #expect(lines.contains(key)) }
            #expect(store.commits.map(\.outputLength) == store.commits.map(\.outputLength).sorted())
            if case .success = result {
                #expect(lines.count == 320 && handedIn.value == 320)
                #expect(states.values.filter { $0 == .succeeded }.count == 320)
            } else {
                #expect(failsAt != nil)
            }
        }
    }
}
#endif
