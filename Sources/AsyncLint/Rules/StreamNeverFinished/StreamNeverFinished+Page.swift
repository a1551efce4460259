#if Lint
extension StreamNeverFinished {
    static let page = RulePage(
        id: "stream-never-finished",
        summary: "One way out of a producer finishes its stream and another does not: the reader waits for ever.",
        severity: .warning,
        needsAsync: false,
        why: """
            A stream that is not finished looks like one that has nothing new. When the producer fails, and the catch \
            only notes it, every `for await` over the stream hangs, and with it what comes after.
            """,
        instead: """
            `finish()` on every way out: behind the `do`, in a `defer`, or `finish(throwing: error)` in the catch.
            """,
        limits: """
            Only a `do` that finishes a continuation in its body and has a catch that neither finishes it nor leaves \
            the decision to somebody else, with no `finish` behind the `do` or in a `defer` of the same code.
            """,
        reported: [
            .init(
                "the catch only notes",
                """
                func lines() -> AsyncStream<String> {
                    AsyncStream { c in
                        Task {
                            ↓do {
                                for try await l in source.lines { c.yield(l) }
                                c.finish()
                            } catch { log(error) }
                        }
                    }
                }
                """),
            .init(
                "an empty catch",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async {
                    ↓do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch {}
                }
                """),
            .init(
                "one clause of two",
                """
                func f(_ c: AsyncThrowingStream<Int, any Error>.Continuation) async {
                    ↓do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch is CancellationError { log(1) } catch { c.finish(throwing: error) }
                }
                """),
            .init(
                "a property",
                """
                final class Feed {
                    let continuation: AsyncStream<Int>.Continuation
                    func run() async {
                        ↓do {
                            while let x = try await next() { continuation.yield(x) }
                            continuation.finish()
                        } catch { log(error) }
                    }
                }
                """),
            .init(
                "a made stream",
                """
                func run() -> AsyncStream<Int> {
                    let (s, c) = AsyncStream<Int>.makeStream()
                    Task {
                        ↓do {
                            c.yield(try await load(1))
                            c.finish()
                        } catch { return }
                    }
                    return s
                }
                """),
            .init(
                "the catch finishes another",
                """
                func f(_ c: AsyncStream<Int>.Continuation, _ d: AsyncStream<Int>.Continuation) async {
                    ↓do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch { d.finish() }
                }
                """),
        ],
        clean: [
            .init(
                "both finish",
                """
                func f(_ c: AsyncThrowingStream<Int, any Error>.Continuation) async {
                    do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch { c.finish(throwing: error) }
                }
                """),
            .init(
                "behind the `do`",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async {
                    do {
                        c.yield(try await load(1))
                        if done { c.finish() }
                    } catch { log(error) }
                    c.finish()
                }
                """),
            .init(
                "deferred",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async {
                    defer { c.finish() }
                    do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch { log(error) }
                }
                """),
            .init(
                "goes round again",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async {
                    while true {
                        do {
                            c.yield(try await load(1))
                            c.finish()
                            return
                        } catch { await pause() }
                    }
                }
                """),
            .init(
                "throws on",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async throws {
                    do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch { throw error }
                }
                """),
            .init(
                "somebody else's `finish`",
                """
                func f(_ job: Job) async {
                    do {
                        try await job.run()
                        job.finish()
                    } catch { log(error) }
                }
                """),
            .init(
                "a helper ends it",
                """
                func f(_ c: AsyncStream<Int>.Continuation) async {
                    do {
                        c.yield(try await load(1))
                        c.finish()
                    } catch { stop(c) }
                }
                """),
        ])
}
#endif
