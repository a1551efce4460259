#if Lint
extension EndlessIterationRetainsSelf {
    static let page = RulePage(
        id: "endless-iteration-retains-self",
        summary: "An object keeps a task that iterates for ever and keeps the object: neither ever goes.",
        severity: .info,
        quietInTests: true,
        why: """
            The closure of a task holds `self` until it ends, and it ends when the sequence does: for notifications, \
            never. `deinit`, in which the task was to be cancelled, is what it prevents.
            """,
        instead: """
            `[weak self]` with `self?` inside the loop, or a `stop()` that somebody calls.
            """,
        limits: """
            Only a task that is kept in a property of its own class and goes over something that is no local. Where \
            another function than `deinit` cancels it, it is left alone.
            """,
        reported: [
            .init(
                "notifications",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { task = ↓Task { for await n in center.notifications(named: name) { self.handle(n) } } }
                    func handle(_ n: N) {}
                }
                """),
            .init(
                "without `self`",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { task = ↓Task { for await n in center.notifications(named: name) { handle(n) } } }
                    func handle(_ n: N) {}
                }
                """),
            .init(
                "cancelled in `deinit`, too late",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    init() { task = ↓Task { for await x in Feed.shared.values { self.show(x) } } }
                    func show(_ x: Int) {}
                    deinit { task?.cancel() }
                }
                """),
            .init(
                "in a list",
                """
                final class Model {
                    var tasks: [Task<Void, Never>] = []
                    func start() { tasks.append(↓Task { for await x in feed.values { self.show(x) } }) }
                    func show(_ x: Int) {}
                }
                """),
            .init(
                "strong once more",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { self.task = ↓Task { [self] in for await x in feed.values { show(x) } } }
                    func show(_ x: Int) {}
                }
                """),
            .init(
                "an actor",
                """
                actor Model {
                    var task: Task<Void, Never>?
                    func start() { task = ↓Task { for await x in feed.values { self.show(x) } } }
                    func show(_ x: Int) {}
                }
                """),
        ],
        clean: [
            .init(
                "weak",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { task = Task { [weak self] in for await n in center.notifications(named: name) { self?.handle(n) } } }
                    func handle(_ n: N) {}
                }
                """),
            .init(
                "somebody cancels it",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { task = Task { for await x in feed.values { self.show(x) } } }
                    func stop() { task?.cancel() }
                    func show(_ x: Int) {}
                }
                """),
            .init(
                "a local sequence",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start(_ xs: AsyncStream<Int>) { task = Task { for await x in xs { self.show(x) } } }
                    func show(_ x: Int) {}
                }
                """),
            .init(
                "does not use itself",
                """
                final class Model {
                    var task: Task<Void, Never>?
                    func start() { task = Task { for await x in Feed.shared.values { print(x) } } }
                }
                """),
            .init(
                "a structure",
                """
                struct Model {
                    var task: Task<Void, Never>?
                    mutating func start() { task = Task { for await x in Feed.shared.values { show(x) } } }
                    func show(_ x: Int) {}
                }
                """),
            .init(
                "not kept",
                """
                final class Model {
                    func start() { Task { for await x in feed.values { self.show(x) } } }
                    func show(_ x: Int) {}
                }
                """),
        ])
}
#endif
