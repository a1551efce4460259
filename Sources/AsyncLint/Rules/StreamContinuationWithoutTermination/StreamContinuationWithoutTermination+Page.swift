#if Lint
extension StreamContinuationWithoutTermination {
    static let page = RulePage(
        id: "stream-continuation-without-termination",
        summary: "The continuation of a stream is kept, and nobody hears when its reader has gone.",
        severity: .info,
        optIn: true,
        needsAsync: false,
        why: """
            A reader that is cancelled, or breaks off, ends the stream; whoever keeps the continuation goes on \
            yielding into the void, and a list of continuations grows with every reader there ever was.
            """,
        instead: """
            `continuation.onTermination = { _ in … }`, which takes it off the list.
            """,
        limits: """
            Opt-in. Only a continuation that is kept in a property or a collection, in a type, or a function, that \
            never mentions `onTermination`.
            """,
        reported: [
            .init(
                "a list of readers",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> { ↓AsyncStream { c in continuations.append(c) } }
                }
                """),
            .init(
                "made",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> {
                        let (s, c) = ↓AsyncStream.makeStream(of: Int.self)
                        readers[id] = c
                        return s
                    }
                }
                """),
            .init(
                "kept",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> { ↓AsyncStream { self.out = $0 } }
                }
                """),
            .init(
                "throwing",
                """
                final class Feed {
                    func stream() -> AsyncThrowingStream<Int, any Error> { ↓AsyncThrowingStream { c in self.out = c } }
                }
                """),
            .init(
                "under a lock",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> { ↓AsyncStream { c in lock.withLock { $0.append(c) } } }
                }
                """),
            .init(
                "handed to a method",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> { ↓AsyncStream { c in add(c) } }
                    func add(_ c: AsyncStream<Int>.Continuation) { all.append(c) }
                }
                """),
        ],
        clean: [
            .init(
                "set",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> {
                        AsyncStream { c in
                            all[1] = c
                            c.onTermination = { _ in self.drop(1) }
                        }
                    }
                }
                """),
            .init("not kept", "func f() -> AsyncStream<Int> { AsyncStream { c in c.yield(1); c.finish() } }"),
            .init(
                "set elsewhere in the type",
                """
                final class Feed {
                    func stream() -> AsyncStream<Int> { AsyncStream { c in add(c) } }
                    func add(_ c: AsyncStream<Int>.Continuation) { c.onTermination = { _ in self.drop() } }
                }
                """),
            .init(
                "one stream for as long as the object lives",
                """
                final class Feed {
                    let stream: AsyncStream<Int>
                    let out: AsyncStream<Int>.Continuation
                    init() { (stream, out) = AsyncStream.makeStream(of: Int.self) }
                }
                """),
            .init(
                "unfolding",
                "final class Feed { func stream() -> AsyncStream<Int> { AsyncStream(unfolding: { await next() }) } }"),
            .init("another stream", "final class Feed { func stream() -> Pipe { Pipe { c in all.append(c) } } }"),
        ])
}
#endif
