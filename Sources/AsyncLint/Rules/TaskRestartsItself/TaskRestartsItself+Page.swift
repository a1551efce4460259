#if Lint
extension TaskRestartsItself {
    static let page = RulePage(
        id: "task-restarts-itself",
        summary: "A function whose task calls the function again: a loop that nobody can stop.",
        severity: .warning,
        optIn: true,
        why: """
            Each round is a new task, so cancelling the one somebody kept stops nothing, and the chain outlives \
            whoever began it.
            """,
        instead: """
            One task with a loop in it: `while !Task.isCancelled { … try await Task.sleep(for:) }`, kept and \
            cancelled.
            """,
        limits: """
            Opt-in. Only a task that nobody keeps, whose last statement calls the function around it, and that looks \
            at nothing before.
            """,
        reported: [
            .init(
                "a tick",
                """
                func tick() {
                    Task {
                        await send()
                        try? await Task.sleep(for: .seconds(1))
                        ↓tick()
                    }
                }
                """),
            .init(
                "on itself",
                """
                final class A {
                    func poll() {
                        Task {
                            await load()
                            ↓self.poll()
                        }
                    }
                }
                """),
            .init(
                "weakly",
                """
                final class A {
                    func poll() {
                        Task { [weak self] in
                            await self?.load()
                            ↓self?.poll()
                        }
                    }
                }
                """),
            .init("detached", "func poll() { Task.detached { await load(); ↓poll() } }"),
            .init("awaited", "func poll() async { Task { await load(); await ↓poll() } }"),
            .init(
                "in a condition",
                """
                func poll() {
                    Task {
                        await load()
                        if isOn { ↓poll() }
                    }
                }
                """),
        ],
        clean: [
            .init("a loop", "func poll() { task = Task { while !Task.isCancelled { await load() } } }"),
            .init("kept", "func poll() { task = Task { await load(); poll() } }"),
            .init(
                "looks at cancellation",
                """
                func poll() {
                    Task {
                        await load()
                        if Task.isCancelled { return }
                        poll()
                    }
                }
                """),
            .init("another function", "func poll() { Task { await load(); render() } }"),
            .init(
                "in an error's way",
                """
                func poll() {
                    Task {
                        do { try await save(1) } catch { poll() }
                        await done()
                    }
                }
                """),
            .init("in a callback", "func poll() { Task { await load(); later { poll() } } }"),
        ])
}
#endif
