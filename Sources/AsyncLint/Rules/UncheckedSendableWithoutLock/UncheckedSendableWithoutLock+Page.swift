#if Lint
extension UncheckedSendableWithoutLock {
    static let page = RulePage(
        id: "unchecked-sendable-without-lock",
        summary: "`@unchecked Sendable` with state that changes, and nothing in sight that guards it.",
        severity: .warning,
        optIn: true,
        quietInTests: true,
        needsAsync: false,
        why: """
            The attribute tells the compiler to stop checking. Two threads that change the same property at the same \
            time lose updates, tear values, and corrupt collections.
            """,
        instead: """
            A `Mutex` around the state, an actor, or a comment beside the attribute that says what protects it.
            """,
        limits: """
            Opt-in. A class that has a lock, a queue, an atomic or an event loop among its properties, or a comment at \
            its head, is left alone; so are properties that only initializers set.
            """,
        reported: [
            .init(
                "a counter",
                "final class A: @unchecked Sendable { private var n = 0; func next() -> Int { ↓n += 1; return n } }"),
            .init(
                "an assignment",
                "final class A: @unchecked Sendable { var last: Int?; func set(_ x: Int) { ↓last = x } }"),
            .init(
                "a list",
                "final class A: @unchecked Sendable { var xs: [Int] = []; func add(_ x: Int) { ↓xs.append(x) } }"),
            .init(
                "a dictionary",
                "final class A: @unchecked Sendable { var xs: [Int: Int] = [:]; func set(_ k: Int) { ↓xs[k] = 1 } }"),
            .init(
                "in an extension",
                """
                final class A: @unchecked Sendable { var n = 0 }
                extension A { func add() { ↓self.n += 1 } }
                """),
            .init("among others", "final class A: Base, P, @unchecked Sendable { var n = 0; func add() { ↓n &+= 1 } }"),
        ],
        clean: [
            .init(
                "a lock",
                "final class A: @unchecked Sendable { let lock = NSLock(); var n = 0; func add() { lock.lock(); n += 1; lock.unlock() } }"
            ),
            .init(
                "a queue",
                "final class A: @unchecked Sendable { let queue = DispatchQueue(label: \"a\"); var n = 0; func add() { queue.sync { n += 1 } } }"
            ),
            .init(
                "a comment",
                """
                import Foundation
                // Only the main thread touches it.
                final class A: @unchecked Sendable { var n = 0; func add() { n += 1 } }
                """),
            .init("nothing changes", "final class A: @unchecked Sendable { let n = 0; func get() -> Int { n } }"),
            .init("set by the initializer", "final class A: @unchecked Sendable { var n: Int; init() { n = 1 } }"),
            .init("checked", "final class A: Sendable { let n = 0 }"),
            .init(
                "a locked value",
                "final class A: @unchecked Sendable { let box = NIOLockedValueBox(0); var n = 0; func add() { n += 1 } }"
            ),
        ])
}
#endif
