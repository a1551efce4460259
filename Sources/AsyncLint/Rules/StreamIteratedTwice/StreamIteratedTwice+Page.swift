#if Lint
extension StreamIteratedTwice {
    static let page = RulePage(
        id: "stream-iterated-twice",
        summary: "Two tasks iterate over one `AsyncStream`: each sees a part of what it yields.",
        severity: .warning,
        why: """
            A stream hands each element to one of those who wait, not to all. Two tasks that iterate over the same \
            stream get about half each, in no order; `AsyncThrowingStream` stops the process when two ask at once.
            """,
        instead: """
            One task that iterates and passes on, a stream for each reader, or `Broadcast` of Concerto.
            """,
        limits: """
            Only a name that is known to be an `AsyncStream` or `AsyncThrowingStream`, iterated in two tasks that one \
            function starts, or, for a property, in two tasks of one type. Workers of a group that are started in one \
            loop share a stream on purpose.
            """,
        reported: [
            .init(
                "two tasks",
                """
                func start(_ frames: AsyncStream<Int>) {
                    Task { for await f in frames { show(f) } }
                    Task { ↓for await f in frames { await judge(f) } }
                }
                """),
            .init(
                "throwing",
                """
                func start(_ s: AsyncThrowingStream<Int, any Error>) {
                    Task { for try await x in s { a(x) } }
                    Task.detached { ↓for try await x in s { b(x) } }
                }
                """),
            .init(
                "children of a group",
                """
                func run() async {
                    let (s, c) = AsyncStream.makeStream(of: Int.self)
                    await withTaskGroup(of: Void.self) { g in
                        g.addTask { for await x in s { a(x) } }
                        g.addTask { ↓for await x in s { b(x) } }
                        await feed(c)
                    }
                }
                """),
            .init(
                "a made stream",
                """
                func run() {
                    let s = AsyncStream<Int> { c in feed(c) }
                    t = Task { for await x in s { a(x) } }
                    u = Task { ↓for await x in s { b(x) } }
                }
                """),
            .init(
                "beside a task",
                """
                func run(_ s: AsyncStream<Int>) async {
                    Task { for await x in s { a(x) } }
                    ↓for await x in s { b(x) }
                }
                """),
            .init(
                "a property",
                """
                final class Feed {
                    let events: AsyncStream<Int>
                    func start() {
                        Task { for await e in events { show(e) } }
                        Task { ↓for await e in self.events { store(e) } }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "one after the other",
                """
                func run(_ s: AsyncStream<Int>) async {
                    for await x in s { if x > 3 { break } }
                    for await x in s { b(x) }
                }
                """),
            .init(
                "two streams",
                """
                func run(_ s: AsyncStream<Int>, _ t: AsyncStream<Int>) {
                    Task { for await x in s { a(x) } }
                    Task { for await x in t { b(x) } }
                }
                """),
            .init(
                "a sequence of another kind",
                """
                func run(_ s: Broadcast<Int>) {
                    Task { for await x in s { a(x) } }
                    Task { for await x in s { b(x) } }
                }
                """),
            .init(
                "workers",
                """
                func run(_ s: AsyncStream<Int>) async {
                    await withTaskGroup(of: Void.self) { g in
                        for _ in 0..<4 { g.addTask { for await x in s { await use(x) } } }
                    }
                }
                """),
            .init(
                "a stream for each",
                """
                func run(_ f: Feed) {
                    Task { for await x in f.stream() { a(x) } }
                    Task { for await x in f.stream() { b(x) } }
                }
                """),
            .init(
                "another of the name",
                """
                func run() {
                    Task {
                        let s = AsyncStream<Int> { c in feed(c) }
                        for await x in s { a(x) }
                    }
                    Task {
                        let s = AsyncStream<Int> { c in feed(c) }
                        for await x in s { b(x) }
                    }
                }
                """),
            .init(
                "a computed property makes one for each",
                """
                final class Feed {
                    var events: AsyncStream<Int> { AsyncStream { c in add(c) } }
                    func start() {
                        Task { for await e in events { show(e) } }
                        Task { for await e in events { store(e) } }
                    }
                }
                """),
            .init(
                "two branches",
                """
                func run(_ s: AsyncStream<Int>, _ b: Bool) {
                    if b { Task { for await x in s { a(x) } } } else { Task { for await x in s { c(x) } } }
                }
                """),
        ])
}
#endif
