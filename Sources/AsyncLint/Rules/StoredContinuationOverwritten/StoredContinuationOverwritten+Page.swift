#if Lint
extension StoredContinuationOverwritten {
    static let page = RulePage(
        id: "stored-continuation-overwritten",
        summary: "A continuation is put where another may wait: the first caller hangs.",
        severity: .warning,
        quietInTests: true,
        why: """
            The property holds one continuation. When a second caller arrives before the first was answered, the first \
            continuation is lost, and its task hangs for good; a checked one prints "leaked" when it goes.
            """,
        instead: """
            Refuse the second caller (`guard waiting == nil else { throw Busy() }`), resume the old one with an error, \
            or keep them in a dictionary or an array.
            """,
        limits: """
            Only a single optional property, of a class or an actor, that the function does not look at. A private \
            function with one caller, and an object that is made for one call, are left alone; off in tests.
            """,
        reported: [
            .init(
                "a request with a delegate",
                """
                @MainActor final class Locator {
                    private var waiting: CheckedContinuation<Double, any Error>?
                    func current() async throws -> Double {
                        try await withCheckedThrowingContinuation { c in
                            ↓waiting = c
                            request()
                        }
                    }
                }
                """),
            .init(
                "without a name",
                "final class A { var w: CheckedContinuation<Int, Never>?; func f() async -> Int { await withCheckedContinuation { ↓w = $0 } } }"
            ),
            .init(
                "in an actor",
                "actor A { var w: CheckedContinuation<Int, Never>?; func f() async -> Int { await withCheckedContinuation { c in ↓self.w = c } } }"
            ),
            .init(
                "unsafe",
                "final class A { var w: UnsafeContinuation<Int, Never>!; func f() async -> Int { await withUnsafeContinuation { c in ↓w = c } } }"
            ),
            .init(
                "a private function that two call",
                """
                final class A {
                    var w: CheckedContinuation<Void, Never>?
                    func a() async { await wait() }
                    func b() async { await wait() }
                    private func wait() async { await withCheckedContinuation { ↓w = $0 } }
                }
                """),
            .init(
                "behind a lock",
                """
                final class A {
                    var w: CheckedContinuation<Void, Never>?
                    func wait() async {
                        await withCheckedContinuation { c in lock.withLock { ↓w = c } }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "refuses the second",
                """
                final class A {
                    var w: CheckedContinuation<Void, any Error>?
                    func wait() async throws {
                        guard w == nil else { throw Busy() }
                        try await withCheckedThrowingContinuation { w = $0 }
                    }
                }
                """),
            .init(
                "resumes the first",
                """
                final class A {
                    var w: CheckedContinuation<Void, any Error>?
                    func wait() async throws {
                        try await withCheckedThrowingContinuation { c in
                            w?.resume(throwing: Replaced())
                            w = c
                        }
                    }
                }
                """),
            .init(
                "a helper looks",
                """
                final class A {
                    var w: CheckedContinuation<Void, any Error>?
                    func wait() async throws {
                        cancelPending()
                        try await withCheckedThrowingContinuation { w = $0 }
                    }
                    func cancelPending() {
                        w?.resume(throwing: Replaced())
                        w = nil
                    }
                }
                """),
            .init(
                "several under keys",
                "actor A { var ws: [Int: CheckedContinuation<Void, Never>] = [:]; func wait(_ i: Int) async { await withCheckedContinuation { ws[i] = $0 } } }"
            ),
            .init(
                "a private function that one calls",
                """
                final class A {
                    var w: CheckedContinuation<Void, Never>?
                    func a() async { await wait() }
                    private func wait() async { await withCheckedContinuation { w = $0 } }
                }
                """),
            .init(
                "an object for one call",
                """
                final class Fetch {
                    var w: CheckedContinuation<Int, Never>?
                    func run() async -> Int { await withCheckedContinuation { w = $0 } }
                }
                func fetch() async -> Int { await Fetch().run() }
                """),
            .init(
                "a private type",
                """
                private final class Delegate {
                    var w: CheckedContinuation<Int, Never>?
                    func run() async -> Int { await withCheckedContinuation { w = $0 } }
                }
                """),
        ])
}
#endif
