#if Lint
extension UnboundedStreamBuffer {
    static let page = RulePage(
        id: "unbounded-stream-buffer",
        summary: "A pump into a stream whose buffer has no bound.",
        severity: .warning,
        optIn: true,
        needsAsync: false,
        why: """
            `AsyncStream` keeps everything that was yielded and not yet read. Where the producer is a loop that can be \
            faster than its reader, memory grows for as long as it is.
            """,
        instead: """
            `bufferingPolicy: .bufferingNewest(n)` where old elements may go, or a channel that makes the producer \
            wait: `Channel` of Concerto.
            """,
        limits: """
            Opt-in: many streams carry few elements. Only a stream that is made without a policy and fed in a loop, in \
            its closure or in the function that makes it.
            """,
        reported: [
            .init(
                "a pump",
                """
                func f(_ xs: AsyncStream<Int>) -> AsyncStream<Int> {
                    ↓AsyncStream { c in Task { for await x in xs { c.yield(x) } } }
                }
                """),
            .init(
                "made",
                """
                func f(_ xs: Source) -> AsyncStream<Int> {
                    let (s, c) = ↓AsyncStream.makeStream(of: Int.self)
                    Task { for await x in xs { c.yield(x) } }
                    return s
                }
                """),
            .init(
                "throwing",
                "func f(_ x: Source) -> AsyncThrowingStream<Int, any Error> { ↓AsyncThrowingStream { c in Task { for try await v in x { c.yield(v) } } } }"
            ),
            .init(
                "endless",
                "func f() -> AsyncStream<Int> { ↓AsyncStream { c in Task { while true { c.yield(await next()) } } } }"),
            .init(
                "with a type",
                "func f(_ x: Source) -> AsyncStream<Int> { ↓AsyncStream<Int> { c in Task { for await v in x { c.yield(v) } } } }"
            ),
            .init(
                "unbounded, as it says",
                "func f(_ x: Source) -> AsyncStream<Int> { ↓AsyncStream(bufferingPolicy: .unbounded) { c in Task { for await v in x { c.yield(v) } } } }"
            ),
        ],
        clean: [
            .init(
                "a policy",
                "func f(_ x: Source) -> AsyncStream<Int> { AsyncStream(bufferingPolicy: .bufferingNewest(8)) { c in Task { for await v in x { c.yield(v) } } } }"
            ),
            .init("one element", "func f() -> AsyncStream<Int> { AsyncStream { c in c.yield(1); c.finish() } }"),
            .init(
                "a list",
                "func f(_ xs: [Int]) -> AsyncStream<Int> { AsyncStream { c in for x in xs { c.yield(x) }; c.finish() } }"
            ),
            .init("unfolding", "func f() -> AsyncStream<Int> { AsyncStream(unfolding: { await next() }) }"),
            .init(
                "another stream",
                "func f(_ x: Source) -> Pipe { Pipe { c in Task { for await v in x { c.yield(v) } } } }"),
            .init(
                "made with a policy",
                "func f(_ x: Source) { let (s, c) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingOldest(8)); Task { for await v in x { c.yield(v) } }; use(s) }"
            ),
        ])
}
#endif
