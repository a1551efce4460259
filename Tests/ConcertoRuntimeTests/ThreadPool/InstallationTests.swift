import Dispatch
import Foundation
import Testing

@testable import ConcertoRuntime

@Suite struct InstallationTests {
    // `CONCERTO_POOL=1 swift test` runs these with the pool as the process's executor, without it on the stock one.
    static let isInstalled = ThreadPool.default != nil

    @Test func `every kind of task runs on the pool exactly if it is installed`() async {
        func isOnPool() async -> Bool { ThreadPool.current != nil && ThreadPool.current === ThreadPool.default }
        actor Plain {
            var isOnPool: Bool { ThreadPool.current != nil }
        }
        #expect(await Task { await isOnPool() }.value == Self.isInstalled)
        #expect(await Task.detached { await isOnPool() }.value == Self.isInstalled)
        async let child = isOnPool()
        #expect(await child == Self.isInstalled)
        #expect(
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { await isOnPool() }
                return await group.next()!
            } == Self.isInstalled)
        #expect(await Task.detached { await Plain().isOnPool }.value == Self.isInstalled)
        let afterSleep = await Task.detached {
            try? await Task.sleep(for: .milliseconds(1))
            return ThreadPool.current != nil
        }.value
        #expect(afterSleep == Self.isInstalled)
    }

    @Test func `a second installation changes nothing`() {
        guard Self.isInstalled else { return }
        guard case .alreadyInstalled = ThreadPool.installAsDefault() else {
            Issue.record("installed twice")
            return
        }
    }

    @Test(.enabled(if: isInstalled)) func `the main actor runs on the process's main thread`() async {
        let onMain = await Task { @MainActor in
            MainActor.assertIsolated()
            return _PoolInternals.isMainThread && Thread.isMainThread
        }.value
        #expect(onMain)
    }

    @Test(.enabled(if: isInstalled)) func `the main loop drains libdispatch's main queue`() async {
        let onMain = await withUnsafeContinuation { continuation in
            DispatchQueue.main.async { continuation.resume(returning: _PoolInternals.isMainThread) }
        }
        #expect(onMain)
    }

    @Test(.enabled(if: isInstalled)) func `the main loop can be pumped from inside one of its jobs`() async {
        await Task { @MainActor in
            // Synchronous code on the main thread that waits for work of the main actor, three levels deep.
            func pump(_ depth: Int) -> Int {
                guard depth > 0 else { return 0 }
                let counter = Counter(0)
                Task { @MainActor in
                    await Task.yield()
                    _ = counter.increment()
                    _PoolInternals.wakeMainLoop()
                }
                let inner = pump(depth - 1)
                _PoolInternals.pumpMainLoop { counter.now > 0 }
                return inner + 1
            }
            #expect(_PoolInternals.canPumpMainLoop)
            #expect(pump(3) == 3)
            MainActor.assertIsolated()
        }.value
    }

    @Test(.enabled(if: isInstalled)) func `a wait that is cancelled ends a Task.sleep at once`() async {
        let task = Task { try await Task.sleep(for: .seconds(3600)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a kept job runs in place, and its task-locals and cancellation come along`() async throws {
        enum Local {
            @TaskLocal static var value = 0
        }
        let pool = try ThreadPool(.init(minThreads: 1))
        await Task(executorPreference: pool) {
            await Local.$value.withValue(3) {
                let order = Counter(0)
                #expect(_PoolInternals.keepNextJob())
                async let child = { () async -> (Int, Int) in (order.increment(), Local.value) }()
                let kept = _PoolInternals.takeKeptJob()
                if Self.isInstalled, let kept {
                    _PoolInternals.start(kept, isolation: nil)
                    // It has run: it suspended nowhere.
                    #expect(order.now == 1)
                } else if let kept {
                    _PoolInternals.start(kept, isolation: nil)
                }
                #expect(await child == (1, 3))
            }
        }.value
        await pool.shutdown()
    }
}
