#if Lint
extension CancellationShownAsFailure {
    static let page = RulePage(
        id: "cancellation-shown-as-failure",
        summary: "A catch for every error puts what it caught on display, and a cancelled task is no failure.",
        severity: .info, optIn: true,
        quietInTests: true,
        why: """
            The user leaves the screen, the task is cancelled, the work throws `CancellationError` or \
            `URLError.cancelled`, and the catch shows an alert, or leaves "failed" in a state that the next screen \
            reads.
            """,
        instead: """
            `catch is CancellationError {}` in front, or `guard !Task.isCancelled else { return }` at the head of the \
            catch; for URLSession `catch let error as URLError where error.code == .cancelled` as well.
            """,
        limits: """
            Only an assignment of something that is made of the error to a property, of `self` or of something it \
            holds. A task that nobody keeps cannot be cancelled, and is left alone. Off in tests.
            """,
        reported: [
            .init(
                "a property",
                """
                final class Model {
                    func load() async {
                        do { items = try await fetch() } ↓catch { self.error = error }
                    }
                }
                """),
            .init(
                "a state",
                """
                func load() async {
                    do { state = .loaded(try await fetch()) } ↓catch { state = .failed(error) }
                }
                """),
            .init(
                "a message",
                """
                func load() async {
                    do { items = try await fetch() } ↓catch let problem {
                        message = "It failed: \\(problem.localizedDescription)"
                    }
                }
                """),
            .init(
                "a kept task",
                """
                func start() {
                    task = Task {
                        do { items = try await fetch() } ↓catch { alert = Alert(error) }
                    }
                }
                """),
            .init(
                "behind another clause",
                """
                func load() async {
                    do { items = try await fetch() } catch let e as NotFound { note(e) } ↓catch { self.error = error }
                }
                """),
            .init(
                "`.task` of a view",
                """
                struct V: View {
                    var body: some View {
                        Text("a").task { do { items = try await fetch() } ↓catch { self.error = error } }
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a clause for cancellation",
                """
                func load() async {
                    do { items = try await fetch() } catch is CancellationError {} catch { self.error = error }
                }
                """),
            .init(
                "the catch looks",
                """
                func load() async {
                    do { items = try await fetch() } catch {
                        if Task.isCancelled { return }
                        self.error = error
                    }
                }
                """),
            .init(
                "URLSession's own",
                """
                func load() async {
                    do { items = try await fetch() } catch {
                        if (error as? URLError)?.code == .cancelled { return }
                        self.error = error
                    }
                }
                """),
            .init(
                "a task that nobody can cancel",
                """
                func tap() {
                    Task {
                        do { items = try await fetch() } catch { self.error = error }
                    }
                }
                """),
            .init(
                "a local variable",
                """
                func load() async -> Result<Int, any Error> {
                    var result: Result<Int, any Error> = .success(0)
                    do { result = .success(try await fetch()) } catch { result = .failure(error) }
                    return result
                }
                """),
            .init(
                "nothing of the error",
                """
                func load() async {
                    do { items = try await fetch() } catch {
                        log(error)
                        isLoading = false
                    }
                }
                """),
            .init("synchronous work", "func load() { do { items = try parse() } catch { self.error = error } }"),
            .init(
                "an error of one type",
                """
                func fetch() async throws(NotFound) -> Int { 1 }
                func load() async {
                    do { items = try await fetch() } catch { self.error = error }
                }
                """),
            .init(
                "a handler that decides",
                """
                func load() async {
                    do { items = try await fetch() } catch {
                        guard !isCancellation(error) else { return }
                        self.error = error
                    }
                }
                """),
        ])
}
#endif
