#if Lint
extension StoredContinuationNotCleared {
    static let page = RulePage(
        id: "stored-continuation-not-cleared",
        summary: "A kept continuation that is resumed and stays where it is: the next path resumes it again.",
        severity: .error,
        needsAsync: false,
        why: """
            A continuation may be resumed once. One that stays in its property after `resume` is still there for the \
            time-out, the delegate's second call, or `deinit`: with a checked continuation the process stops, with an \
            unsafe one anything happens.
            """,
        instead: """
            Take it out first: `let waiting = self.waiting; self.waiting = nil; waiting?.resume(…)`, or \
            `waiters.removeValue(forKey: id)?.resume(…)`.
            """,
        limits: """
            Properties of the type `CheckedContinuation` or `UnsafeContinuation`, optional, or as the value of a \
            dictionary or the element of an array, that at least two functions resume; and a body of \
            `with…Continuation` that both keeps and resumes its own. A function that asks a flag which it sets, or \
            whose callers empty the property, is left alone.
            """,
        reported: [
            .init(
                "resumed by a callback and again by the end",
                """
                final class Radio {
                    private var waiting: CheckedContinuation<Int, any Error>?
                    func config() async throws -> Int { try await withCheckedThrowingContinuation { waiting = $0 } }
                    func received(_ v: Int) { ↓waiting?.resume(returning: v) }
                    func closed() {
                        waiting?.resume(throwing: Closed())
                        waiting = nil
                    }
                }
                """),
            .init(
                "both paths forget it",
                """
                final class Locator: NSObject {
                    var pending: CheckedContinuation<Int, any Error>?
                    func didUpdate(_ v: Int) { if let pending { ↓pending.resume(returning: v) } }
                    func didFail(_ e: any Error) { self.pending?.resume(throwing: e) }
                }
                """),
            .init(
                "under a key",
                """
                actor Calls {
                    var waiters: [Int: CheckedContinuation<Int, any Error>] = [:]
                    func answer(_ id: Int, _ v: Int) { ↓waiters[id]?.resume(returning: v) }
                    func cancel(_ id: Int) { waiters.removeValue(forKey: id)?.resume(throwing: Gone()) }
                }
                """),
            .init(
                "all of them, and the list stays",
                """
                actor Gate {
                    var waiters: [CheckedContinuation<Void, Never>] = []
                    func open() { for w in waiters { ↓w.resume() } }
                    func close() {
                        for w in waiters { w.resume() }
                        waiters.removeAll()
                    }
                }
                """),
            .init(
                "a local name for it",
                """
                final class Socket {
                    var reply: UnsafeContinuation<Int, Never>?
                    func got(_ v: Int) {
                        guard let c = reply else { return }
                        ↓c.resume(returning: v)
                    }
                    func end() {
                        let c = reply
                        reply = nil
                        c?.resume(returning: 0)
                    }
                }
                """),
            .init(
                "kept and resumed in the same body",
                """
                final class Door {
                    var waiter: CheckedContinuation<Void, Never>?
                    func pass() async {
                        await withCheckedContinuation { c in
                            waiter = c
                            if isOpen { ↓c.resume() }
                        }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "taken out first",
                """
                final class Radio {
                    private var waiting: CheckedContinuation<Int, any Error>?
                    func finish(_ r: Result<Int, any Error>) {
                        let c = waiting
                        waiting = nil
                        c?.resume(with: r)
                    }
                    func closed() {
                        waiting?.resume(throwing: Closed())
                        waiting = nil
                    }
                }
                """),
            .init(
                "a helper empties it",
                """
                final class Radio {
                    private var waiting: CheckedContinuation<Int, any Error>?
                    func received(_ v: Int) {
                        waiting?.resume(returning: v)
                        reset()
                    }
                    func closed() {
                        waiting?.resume(throwing: Closed())
                        reset()
                    }
                    private func reset() { waiting = nil }
                }
                """),
            .init(
                "only one function resumes it",
                """
                final class Once {
                    var waiting: CheckedContinuation<Int, Never>?
                    func received(_ v: Int) { waiting?.resume(returning: v) }
                }
                """),
            .init(
                "a flag says that it is over",
                """
                final class Radio {
                    var waiting: CheckedContinuation<Int, Never>?
                    var isDone = false
                    func received(_ v: Int) {
                        guard !isDone else { return }
                        isDone = true
                        waiting?.resume(returning: v)
                    }
                    func closed() {
                        guard !isDone else { return }
                        isDone = true
                        waiting?.resume(returning: 0)
                    }
                }
                """),
            .init(
                "removed from its dictionary",
                """
                actor Calls {
                    var waiters: [Int: CheckedContinuation<Int, any Error>] = [:]
                    func answer(_ id: Int, _ v: Int) { waiters.removeValue(forKey: id)?.resume(returning: v) }
                    func cancel(_ id: Int) {
                        waiters[id]?.resume(throwing: Gone())
                        waiters[id] = nil
                    }
                }
                """),
            .init(
                "a stream's continuation yields as often as it likes",
                """
                final class Feed {
                    var out: AsyncStream<Int>.Continuation?
                    func a() { out?.yield(1) }
                    func b() { out?.yield(2) }
                }
                """),
            .init(
                "kept only where it is not resumed",
                """
                final class Door {
                    var waiter: CheckedContinuation<Void, Never>?
                    func pass() async {
                        await withCheckedContinuation { c in
                            if isOpen { c.resume() } else { waiter = c }
                        }
                    }
                }
                """),
        ])
}
#endif
