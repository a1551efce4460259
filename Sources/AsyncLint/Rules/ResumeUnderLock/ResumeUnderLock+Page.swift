#if Lint
extension ResumeUnderLock {
    static let page = RulePage(
        id: "resume-under-lock",
        summary: "A continuation is resumed, or a stream finished, under the lock that its cancellation handler takes.",
        severity: .warning,
        needsAsync: false,
        why: """
            Cancelling a task holds the task's own lock while `onCancel` runs, and `onCancel` waits for yours. \
            Resuming holds yours and wants the task's. Two threads, two locks, two orders: rare, and then for good. \
            `finish()` runs `onTermination` on the spot, which takes the lock a second time.
            """,
        instead: """
            Take what is to be resumed out under the lock, and resume behind it.
            """,
        limits: """
            `withLock { … }` and its kin, and statements between `lock()` and `unlock()` of one block, on a receiver \
            that an `onCancel:` or `onTermination` closure of the same type locks, itself or in a method it calls. A \
            resume in the body of the continuation itself does no harm.
            """,
        reported: [
            .init(
                "the other side of `onCancel`",
                """
                final class Promise {
                    func value(_ id: Int) async throws -> Int {
                        try await withTaskCancellationHandler {
                            try await withCheckedThrowingContinuation { c in state.withLock { $0.waiters[id] = c } }
                        } onCancel: {
                            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError())
                        }
                    }
                    func fulfil(_ id: Int) { state.withLock { s in ↓s.waiters.removeValue(forKey: id)?.resume(returning: 1) } }
                }
                """),
            .init(
                "a lock by hand",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler {
                            await withCheckedContinuation { c in add(c) }
                        } onCancel: {
                            lock.lock()
                            defer { lock.unlock() }
                            waiter = nil
                        }
                    }
                    func open() {
                        lock.lock()
                        ↓waiter?.resume()
                        lock.unlock()
                    }
                }
                """),
            .init(
                "`finish` and `onTermination`",
                """
                final class Feed {
                    func subscribe(_ c: AsyncStream<Int>.Continuation) {
                        c.onTermination = { _ in self.lock.withLock { self.all.removeValue(forKey: 1) } }
                    }
                    func close() { lock.withLock { for c in all.values { ↓c.finish() } } }
                }
                """),
            .init(
                "the handler calls a method",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler {
                            await withCheckedContinuation { c in add(c) }
                        } onCancel: { drop() }
                    }
                    private func drop() { lock.withLock { waiter = nil } }
                    func open() { lock.withLock { ↓waiter?.resume() } }
                }
                """),
            .init(
                "a locked value",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler {
                            await withCheckedContinuation { c in box.withLockedValue { $0 = c } }
                        } onCancel: { box.withLockedValue { $0 = nil } }
                    }
                    func open() { box.withLockedValue { ↓$0?.resume() } }
                }
                """),
            .init(
                "all waiters",
                """
                final class Gate {
                    func wait(_ i: Int) async {
                        await withTaskCancellationHandler {
                            await withCheckedContinuation { c in ws.withLock { $0[i] = c } }
                        } onCancel: { _ = ws.withLock { $0.removeValue(forKey: i) } }
                    }
                    func open() { ws.withLock { w in w.values.forEach { ↓$0.resume() } } }
                }
                """),
        ],
        clean: [
            .init(
                "a state machine that is told, and whose answer is acted on behind the lock",
                """
                final class Feed {
                    func run() async {
                        await withTaskCancellationHandler { await work() } onCancel: { machine.withLock { $0.cancel() } }
                    }
                    func finish() {
                        let action = machine.withLock { $0.finish() }
                        action?.resume()
                    }
                }
                """),
            .init(
                "behind the lock",
                """
                final class Promise {
                    func value(_ id: Int) async throws -> Int {
                        try await withTaskCancellationHandler {
                            try await withCheckedThrowingContinuation { c in state.withLock { $0.waiters[id] = c } }
                        } onCancel: { state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError()) }
                    }
                    func fulfil(_ id: Int) { state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: 1) }
                }
                """),
            .init("no handler takes it", "final class A { func open() { lock.withLock { waiter?.resume() } } }"),
            .init(
                "another lock",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler { await work() } onCancel: { other.withLock { $0 = nil } }
                    }
                    func open() { lock.withLock { waiter?.resume() } }
                }
                """),
            .init(
                "in the body of the continuation",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler {
                            await withCheckedContinuation { c in
                                lock.withLock { if isOpen { c.resume() } else { waiter = c } }
                            }
                        } onCancel: { lock.withLock { waiter = nil } }
                    }
                }
                """),
            .init(
                "the handler hops",
                """
                actor Gate {
                    func wait() async {
                        await withTaskCancellationHandler { await work() } onCancel: { Task { await self.drop() } }
                    }
                    func drop() { lock.withLock { waiter = nil } }
                    func open() { lock.withLock { waiter?.resume() } }
                }
                """),
            .init(
                "unlocked before",
                """
                final class Gate {
                    func wait() async {
                        await withTaskCancellationHandler { await work() } onCancel: {
                            lock.lock()
                            waiter = nil
                            lock.unlock()
                        }
                    }
                    func open() {
                        lock.lock()
                        let w = waiter
                        lock.unlock()
                        w?.resume()
                    }
                }
                """),
        ])
}
#endif
