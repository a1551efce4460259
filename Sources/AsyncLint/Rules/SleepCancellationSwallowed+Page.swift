#if Lint
extension SleepCancellationSwallowed {
    static let page = RulePage(
        id: "sleep-cancellation-swallowed",
        summary: "`try? await Task.sleep` goes on at once when the task is cancelled.",
        severity: .info,
        quietInTests: true,
        why: """
            A cancelled sleep throws, and `try?` swallows it: what follows runs immediately. In a loop the pause is gone and the loop \
            spins on a full core for as long as it goes on: 1,814 rounds in 50 ms were measured after `cancel()`.
            """,
        instead: "`try await Task.sleep(for:)` and let the error out, or look at `Task.isCancelled` right after it.",
        limits: """
            In loops, and in tasks that are kept; `sleep-cancellation-swallowed/pause` reports the rest. The last statement of a \
            function, and a task that nobody keeps (so nobody can cancel it), are left alone. A loop that looks at cancellation, or lets \
            an error of another call out, ends by itself.
            """,
        reported: [
            .init(
                "a catch that only notes it",
                """
                func f() async {
                    while true {
                        do { ↓try await Task.sleep(for: .seconds(1)) } catch { log(error) }
                        tick()
                    }
                }
                """),
            .init(
                "a debounce whose next keystroke cancels it",
                """
                func type(_ q: String) {
                    task?.cancel()
                    task = Task { [weak self] in ↓try? await Task.sleep(for: .milliseconds(300))
                        await self?.search(q)
                    }
                }
                """),
            .init(
                "in a loop",
                """
                func poll() async {
                    while true { ↓try? await Task.sleep(for: .seconds(10))
                        render(1)
                    }
                }
                """),
            .init(
                "at the end of a loop",
                """
                func poll() async {
                    while true {
                        render(1)
                        ↓try? await Task.sleep(nanoseconds: 10)
                    }
                }
                """),
            .init(
                "between retries",
                """
                func f() async throws {
                    for _ in 0..<3 {
                        if await ok() { return }
                        ↓try? await Task.sleep(for: .seconds(1))
                    }
                }
                """),
            .init(
                "a clock",
                """
                func f(_ clock: ContinuousClock) async {
                    while running { ↓try? await clock.sleep(for: .seconds(1))
                        tick()
                    }
                }
                """),
            .init(
                "discarded",
                """
                func f() {
                    task = Task {
                        _ = ↓try? await Task.sleep(for: .seconds(1))
                        await hide()
                    }
                }
                """),
            .init(
                "a kept task",
                """
                func f() {
                    task = Task { ↓try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "an empty catch",
                """
                func f() async {
                    while true {
                        do { ↓try await Task.sleep(for: .seconds(1)) } catch {}
                        tick()
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a pause for whoever looks on, in debug builds",
                """
                func run() async {
                    #if DEBUG
                    print("slow: this is a debug build")
                    try? await Task.sleep(for: .seconds(2))
                    #endif
                    await measure()
                }
                """),
            .init(
                "a loop in a task that nobody keeps",
                """
                func f() {
                    Task {
                        while true {
                            try? await Task.sleep(for: .seconds(1))
                            if !tick() { break }
                        }
                    }
                }
                """),
            .init(
                "what follows looks at the clock again",
                """
                final class Flash {
                    var until = Date.distantPast
                    func start() {
                        task = Task { [weak self] in
                            try? await Task.sleep(for: .seconds(2))
                            self?.clearIfExpired()
                        }
                    }
                    func clearIfExpired() { if until <= Date() { until = .distantPast } }
                }
                """),
            .init(
                "what follows asks first whether it is still wanted",
                """
                func f() async {
                    try? await Task.sleep(for: .seconds(2))
                    hide()
                }
                func hide() {
                    guard isShown else { return }
                    view.remove()
                }
                """),
            .init(
                "a stream that is cancelled ends by itself",
                """
                func f(_ s: AsyncStream<Int>) async {
                    for await x in s {
                        render(x)
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }
                """),
            .init(
                "looks again whether it is due",
                """
                func arm() {
                    task = Task {
                        try? await Task.sleep(for: .seconds(5))
                        if idle > 5 { await fire() }
                    }
                }
                """),
            .init(
                "looks after a note",
                """
                func f() async {
                    try? await Task.sleep(for: .seconds(1))
                    log(1)
                    if Task.isCancelled { return }
                    await hide()
                }
                """),
            .init(
                "discarded, so nobody can cancel it",
                """
                func f() {
                    _ = Task {
                        try? await Task.sleep(for: .seconds(1))
                        hide()
                    }
                }
                """),
            .init(
                "the only statement of a callback",
                """
                func f() {
                    observe {
                        Task {
                            try? await Task.sleep(for: .seconds(1))
                            hide()
                        }
                    }
                }
                """),
            .init(
                "one pause in a function, of whose caller nothing is known",
                """
                func submit() async {
                    scroll()
                    try? await Task.sleep(for: .seconds(0.5))
                    await hide()
                }
                """),
            .init(
                "a constant answer",
                """
                func f() async -> Answer {
                    try? await Task.sleep(for: .seconds(1))
                    return .failure(.late)
                }
                """),
            .init(
                "the catch leaves",
                """
                func f() async {
                    while true {
                        do { try await Task.sleep(for: .seconds(1)) } catch { return }
                        tick()
                    }
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
                "a comment says that it was thought about",
                """
                func f() async {
                    // A cancelled pause goes round at once: the next attempt is cancelled too.
                    try? await Task.sleep(for: .seconds(1))
                    await attempt()
                }
                """),
            .init(
                "the loop's head looks",
                """
                func poll() async { while !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) } }
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
                "the loop looks",
                """
                func f() async {
                    while true {
                        try? await Task.sleep(for: .seconds(1))
                        if Task.isCancelled { break }
                        tick()
                    }
                }
                """),
            .init(
                "the last statement",
                """
                func f() async {
                    await work()
                    try? await Task.sleep(for: .seconds(1))
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
                "another call lets it out",
                """
                func f() async throws {
                    while true {
                        try? await Task.sleep(for: .seconds(1))
                        try await tick()
                    }
                }
                """),
            .init("another sleep", "func f() async { try? await cat.sleep(); await hide() }"),
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
