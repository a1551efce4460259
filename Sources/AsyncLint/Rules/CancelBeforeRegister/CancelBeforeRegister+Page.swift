#if Lint
extension CancelBeforeRegister {
    static let page = RulePage(
        id: "cancel-before-register",
        summary: "The cancellation handler may run before the waiter it looks for is there: then nobody resumes it.",
        severity: .warning,
        why: """
            `onCancel` runs at once when the task is cancelled already, and at any time after. With a lock between the \
            two, a handler that comes first finds nothing to resume, and goes; the waiter registers after it, and \
            hangs.
            """,
        instead: """
            Look at `Task.isCancelled` under the lock, where the waiter is registered, or leave a mark in the handler \
            (`cancelled.insert(id)`) that the registration finds.
            """,
        limits: """
            Only where the operation's continuation is kept, and the handler resumes what it finds, both in place. A \
            handler that hops to an actor (`Task { await self.cancel(id) }`) comes after the registration as a rule. \
            Anything in either that is named after cancellation, and any other state the handler leaves, is trusted.
            """,
        reported: [
            .init(
                "a dictionary behind a mutex",
                """
                func acquire(_ id: Int) async throws {
                    try await ↓withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in waiters.withLock { $0[id] = c } }
                    } onCancel: {
                        let waiter = waiters.withLock { $0.removeValue(forKey: id) }
                        waiter?.resume(throwing: CancellationError())
                    }
                }
                """),
            .init(
                "a lock by hand",
                """
                func wait() async throws {
                    try await ↓withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in
                            lock.lock()
                            waiter = c
                            lock.unlock()
                        }
                    } onCancel: {
                        lock.lock()
                        let w = waiter
                        waiter = nil
                        lock.unlock()
                        w?.resume(throwing: CancellationError())
                    }
                }
                """),
            .init(
                "closures with labels",
                """
                func wait() async throws {
                    try await ↓withTaskCancellationHandler(
                        operation: { try await withCheckedThrowingContinuation { c in box.withLock { $0 = c } } },
                        onCancel: { box.withLock { $0.take() }?.resume(throwing: CancellationError()) })
                }
                """),
            .init(
                "methods of the type",
                """
                final class Queue {
                    func wait(_ id: Int) async throws {
                        try await ↓withTaskCancellationHandler {
                            try await withCheckedThrowingContinuation { add(id, $0) }
                        } onCancel: { drop(id) }
                    }
                    func add(_ id: Int, _ c: C) { lock.withLock { waiters[id] = c } }
                    func drop(_ id: Int) { lock.withLock { waiters.removeValue(forKey: id) }?.resume(throwing: CancellationError()) }
                }
                """),
            .init(
                "a list",
                """
                func next() async -> Int? {
                    await ↓withTaskCancellationHandler {
                        await withUnsafeContinuation { c in state.withLock { $0.append((id, c)) } }
                    } onCancel: {
                        state.withLock { s in s.firstIndex { $0.0 == id }.map { s.remove(at: $0) } }?.1.resume(returning: nil)
                    }
                }
                """),
            .init(
                "an optional chain",
                """
                func wait() async {
                    await ↓withTaskCancellationHandler {
                        await withCheckedContinuation { c in m.withLock { $0.waiter = c } }
                    } onCancel: { m.withLock { $0.waiter.take() }?.resume() }
                }
                """),
        ],
        clean: [
            .init(
                "looks under the lock",
                """
                func wait(_ id: Int) async throws {
                    try await withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in
                            let late = waiters.withLock { w -> Bool in
                                if Task.isCancelled { return true }
                                w[id] = c
                                return false
                            }
                            if late { c.resume(throwing: CancellationError()) }
                        }
                    } onCancel: { waiters.withLock { $0.removeValue(forKey: id) }?.resume(throwing: CancellationError()) }
                }
                """),
            .init(
                "hops to the actor",
                """
                actor Queue {
                    func wait(_ id: Int) async throws {
                        try await withTaskCancellationHandler {
                            try await withCheckedThrowingContinuation { waiters[id] = $0 }
                        } onCancel: { Task { await self.drop(id) } }
                    }
                    func drop(_ id: Int) { waiters.removeValue(forKey: id)?.resume(throwing: CancellationError()) }
                }
                """),
            .init(
                "the handler leaves a mark",
                """
                func wait(_ id: Int) async throws {
                    try await withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in register(id, c) }
                    } onCancel: {
                        let w = state.withLock { s in
                            s.cancelled.insert(id)
                            return s.waiters.removeValue(forKey: id)
                        }
                        w?.resume(throwing: CancellationError())
                    }
                }
                """),
            .init(
                "the handler leaves another state",
                """
                func wait() async throws {
                    try await withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in state.withLock { $0 = .waiting(c) } }
                    } onCancel: {
                        let w = state.withLock { s in
                            defer { s = .finished }
                            return s.waiter
                        }
                        w?.resume(throwing: CancellationError())
                    }
                }
                """),
            .init(
                "the handler ends the work, whose callback resumes",
                """
                func load() async throws -> Int {
                    try await withTaskCancellationHandler {
                        try await withCheckedThrowingContinuation { c in request.start { c.resume(with: $0) } }
                    } onCancel: { request.cancel() }
                }
                """),
            .init(
                "no continuation",
                """
                func run() async {
                    await withTaskCancellationHandler { await work() } onCancel: { flag.withLock { $0 = true } }
                }
                """),
        ])
}
#endif
