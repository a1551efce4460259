#if Lint
extension CleanupInCancelledTask {
    static let page = RulePage(
        id: "cleanup-in-cancelled-task",
        summary: "Cleanup that is awaited in a catch runs in a task that may be cancelled: then it is cancelled too.",
        severity: .info,
        optIn: true,
        why: """
            When the body failed because the task was cancelled, the first thing `rollback()` awaits throws \
            `CancellationError`, and the transaction stays open. The one time it matters, it does not run.
            """,
        instead: """
            A task of its own that is awaited (`await Task { try? await c.rollback() }.value`), or a cancellation \
            shield where there is one.
            """,
        limits: """
            Opt-in until Swift has shields. Only calls whose names say that they clean up, in a catch that takes every \
            error and throws it on.
            """,
        reported: [
            .init(
                "a transaction",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch {
                        try? ↓await c.rollback()
                        throw error
                    }
                }
                """),
            .init(
                "a connection",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.run() } catch {
                        ↓await c.close()
                        throw error
                    }
                }
                """),
            .init(
                "a lock",
                """
                func f(_ l: Lease) async throws {
                    do { try await work() } catch {
                        try ↓await l.release()
                        throw error
                    }
                }
                """),
            .init(
                "a temporary file",
                """
                func f(_ s: Store) async throws {
                    do { try await s.put(1) } catch let problem {
                        try? ↓await s.removeTemporary()
                        throw problem
                    }
                }
                """),
            .init(
                "a server",
                """
                func f(_ s: Server) async throws {
                    do { try await s.start() } catch {
                        try? ↓await s.shutdown()
                        throw error
                    }
                }
                """),
            .init(
                "a function",
                """
                func f() async throws {
                    do { try await work() } catch {
                        ↓await cleanUp()
                        throw error
                    }
                }
                """),
        ],
        clean: [
            .init(
                "a task of its own",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch {
                        await Task { try? await c.rollback() }.value
                        throw error
                    }
                }
                """),
            .init(
                "a shield",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch {
                        await withTaskCancellationShield { try? await c.rollback() }
                        throw error
                    }
                }
                """),
            .init(
                "synchronous",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch {
                        c.close()
                        throw error
                    }
                }
                """),
            .init(
                "no cleanup",
                """
                func f() async throws {
                    do { try await work() } catch {
                        await report(error)
                        throw error
                    }
                }
                """),
            .init(
                "some errors",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch is Conflict {
                        try? await c.rollback()
                        throw Retry()
                    }
                }
                """),
            .init(
                "cancellation is handled",
                """
                func f(_ c: Connection) async throws {
                    do { try await c.commit() } catch is CancellationError { await leave(c) } catch {
                        try? await c.rollback()
                        throw error
                    }
                }
                """),
        ])
}
#endif
