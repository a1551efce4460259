import Concerto
import ConcertoTesting
import Dispatch
import Testing

/// Bodies that inherit their caller's isolation run on the caller's actor.
///
/// Cause: `TaskLocal.withValue` of Swift 6.3 runs its body as a closure without isolation, so whatever bound a task-local
/// value around such a body took it off its caller's actor.
@Suite struct CallersActorTests {
    @Test func `Called without anything around it, the body is on its caller's actor`() async throws {
        #expect(try await Home().calls())
    }

    @Test func `The body of withCancellation stays on the caller's actor`() async throws {
        #expect(try await Home().callsWithCancellation())
        #expect(try await Home().callsWithCancellationToken())
    }

    @Test func `The body of withLeakCheck stays on the caller's actor`() async throws {
        #expect(try await Home().callsWithLeakCheck())
    }

    @Test(arguments: [false, true])
    func `The body that holds a lock stays on the caller's actor, also while holders are watched`(isWatched: Bool)
        async throws
    {
        if isWatched { WaitGraph.activate() }
        #expect(try await Home().callsWithPermit())
        #expect(try await Home().callsWithLock())
        #expect(try await Home().callsWithKey())
        #expect(try await Home().callsWithReadLock())
        #expect(try await Home().callsWithWriteLock())
    }

    @Test func `The body of a scope with a task of its own stays on the caller's actor, also where it holds a lock`()
        async throws
    {
        #expect(try await Home().callsWithDeadline())
        #expect(try await Home().callsShielded())
        WaitGraph.activate()
        #expect(try await Home().callsWithLockAndDeadline())
    }

    @Test func `A parallel loop pulls its asynchronous source on the caller's actor`() async throws {
        #expect(try await Home().pulls() == [true, true, true])
    }
}

extension Home {
    func pulls() async throws -> [Bool] {
        let recorder = Recorder<Bool>()
        try await Places().forEachConcurrently(limit: 2) { recorder.record($0) }
        return recorder.entries
    }

    func calls() async throws -> Bool { try await isHome() }

    func callsWithCancellation() async throws -> Bool {
        try await withCancellation(of: CancellationTokenSource().token, isHome)
    }

    func callsWithCancellationToken() async throws -> Bool {
        try await withCancellationToken(isHome(_:))
    }

    func callsWithLeakCheck() async throws -> Bool { try await withLeakCheck(isHome) }
    func callsWithPermit() async throws -> Bool { try await AsyncSemaphore(permits: 1).withPermit(isHome) }
    func callsWithLock() async throws -> Bool { try await AsyncLock().withLock(isHome) }
    func callsWithKey() async throws -> Bool { try await KeyedAsyncLock<Int>().withLock(1, isHome) }
    func callsWithReadLock() async throws -> Bool { try await AsyncReaderWriterLock().withReadLock(isHome) }
    func callsWithWriteLock() async throws -> Bool { try await AsyncReaderWriterLock().withWriteLock(isHome) }
    func callsWithDeadline() async throws -> Bool { try await withDeadline(in: .seconds(60), body: isHome) }
    func callsShielded() async throws -> Bool { try await withTaskCancellationShield(isHome) }
    func callsWithLockAndDeadline() async throws -> Bool {
        try await AsyncLock().withLock(isHomeWithDeadline)
    }
}

nonisolated(nonsending) private func isHome(_ token: CancellationToken) async throws -> Bool { try await isHome() }

nonisolated(nonsending) private func isHomeWithDeadline() async throws -> Bool {
    try await withDeadline(in: .seconds(60), body: isHome)
}

/// Three elements that say whether they were made on ``Home``.
private struct Places: AsyncSequence {
    struct AsyncIterator: AsyncIteratorProtocol {
        var left = 3

        mutating func next() async throws -> Bool? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Bool? {
            guard left > 0 else { return nil }
            left -= 1
            return HomeExecutor.isCurrent
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
}

/// Runs wherever it is called from, and says whether that is ``Home``.
nonisolated(nonsending) private func isHome() async throws -> Bool {
    let before = HomeExecutor.isCurrent
    await Task.yield()
    return before && HomeExecutor.isCurrent
}

/// An actor that can be asked, without a trap, whether code runs on it.
private actor Home {
    private let executor = HomeExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
}

private final class HomeExecutor: SerialExecutor {
    private static let key = DispatchSpecificKey<Bool>()
    private let queue = DispatchQueue(label: "home")

    static var isCurrent: Bool { DispatchQueue.getSpecific(key: key) ?? false }

    init() { queue.setSpecific(key: Self.key, value: true) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
