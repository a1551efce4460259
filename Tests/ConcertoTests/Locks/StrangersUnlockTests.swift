#if DEBUG
import Concerto
import ConcertoTesting
import Testing

/// F13: whoever gives a lock back twice lets a third one in.
@Suite(.serialized) struct StrangersUnlockTests {
    let executor = ManualExecutor()
    let complaints = Recorder<String>()

    private func complaints(about name: String, _ body: () throws -> Void) rethrows -> [String] {
        let (complaints, outer) = (complaints, LockOwner.handler.withLock { $0 })
        LockOwner.handler.withLock { handler in
            handler.call = { if $0.contains(name) { complaints.record($0) } else { outer.call($0) } }
        }
        defer { LockOwner.handler.withLock { $0 = outer } }
        try body()
        return complaints.entries
    }

    @Test func `an unlock by a task that does not hold the lock is named, with both places, F13`() throws {
        let lock = AsyncLock(name: "twice given back")
        let begin = #line
        let lines = complaints(about: "twice given back") {
            let (mayGoOn, isOver) = (TaskCompletionSource<Void>(), TaskCompletionSource<Void>())
            let first = executor.task {
                try await lock.lock()
                lock.unlock()
                try await mayGoOn.task.value
                lock.unlock()
            }
            let second = executor.task {
                try await lock.lock()
                try await isOver.task.value
            }
            executor.runUntilIdle()
            mayGoOn.trySetResult()
            executor.runUntilIdle()
            isOver.trySetResult()
            executor.runUntilIdle()
            withExtendedLifetime((first, second)) {}
        }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line.contains("AsyncLock \"twice given back\""))
        #expect(line.contains("StrangersUnlockTests.swift:\(begin + 10),"), "\(line)")
        #expect(line.contains("StrangersUnlockTests.swift:\(begin + 7):"), "\(line)")
    }

    @Test func `who goes on in a scope may unlock what the task took, F13`() throws {
        let lock = AsyncLock(name: "given back elsewhere")
        let lines = try complaints(about: "given back elsewhere") {
            try executor.run {
                try await lock.lock()
                await withDeadline(in: .seconds(1_000)) { withTaskCancellationShield { lock.unlock() } }
                await withDeadline(in: .seconds(1_000)) { #expect(lock.tryLock()) }
                lock.unlock()
            }
        }
        #expect(lines.isEmpty)
    }
}
#endif
