#if Lint
extension SleepCancellationSwallowed {
    static let parts = [pause]

    static let pause = RulePage(
        id: "sleep-cancellation-swallowed/pause",
        summary: "`try? await Task.sleep` once in a function: what follows runs at once when its caller is cancelled.",
        severity: .info, optIn: true, quietInTests: true,
        why: """
            A debounce, a delayed write or a time limit in a function does its work although it was cancelled. A pause for the eye does \
            no harm.
            """,
        instead: "`try await Task.sleep(for:)` and let the error out, or look at `Task.isCancelled` right after it.",
        limits: """
            Whether somebody cancels the caller is not known, and half of these pauses are for whoever looks on: hence opt-in. In a loop \
            and in a task that is kept, `sleep-cancellation-swallowed` reports it.
            """,
        reported: [
            .init(
                "something follows",
                """
                func f() async { ↓try? await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "discarded",
                """
                func f() async {
                    _ = ↓try? await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "a delayed write",
                """
                func publish(_ p: Post) async throws { ↓try? await Task.sleep(for: .seconds(5))
                    try await send(p)
                }
                """),
            .init(
                "in a branch",
                """
                func f(_ late: Bool) async {
                    if late { ↓try? await Task.sleep(for: .seconds(1)) }
                    await hide()
                }
                """),
            .init(
                "in a closure that is no task",
                """
                func f() {
                    button { ↓try? await Task.sleep(for: .seconds(1))
                        await refresh()
                    }
                }
                """),
            .init(
                "an empty catch",
                """
                func f() async {
                    do { ↓try await Task.sleep(for: .seconds(1)) } catch {}
                    await hide()
                }
                """),
        ],
        clean: [
            .init(
                "the last statement",
                """
                func f() async {
                    await work()
                    try? await Task.sleep(for: .seconds(1))
                }
                """),
            .init(
                "the next statement looks",
                """
                func f() async {
                    try? await Task.sleep(for: .seconds(1))
                    guard !Task.isCancelled else { return }
                    await hide()
                }
                """),
            .init(
                "lets the error out",
                """
                func f() async throws {
                    try await Task.sleep(for: .seconds(1))
                    await hide()
                }
                """),
            .init(
                "a watchdog has nothing left to do",
                """
                func f() async -> Int? {
                    try? await Task.sleep(for: .seconds(1))
                    return nil
                }
                """),
            .init(
                "nobody can cancel it",
                """
                func f() {
                    Task {
                        try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "its result is looked at",
                """
                func f() async {
                    if (try? await Task.sleep(for: .seconds(1))) == nil { return }
                    await hide()
                }
                """),
        ])
}
#endif
