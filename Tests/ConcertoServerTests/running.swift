#if Server
import Concerto
import ConcertoServer
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// A server that runs as a program would run it, by the kit; `body` ends it as a signal would.
func running(
    _ kit: ServerKit, _ router: TestRouter, background: [BackgroundService] = [], logger: Logger = quiet,
    _ body: @Sendable (_ port: Int, _ end: @Sendable () async -> Void) async throws -> Void
) async throws {
    let port = TaskCompletionSource<Int>()
    let app = Application(
        router: router, server: kit.server(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.trySetResult($0.localAddress?.port ?? 0) }, logger: quiet)
    let outer = ServiceGroup(
        configuration: .init(
            services: [KitProgram(kit: kit, app: app, background: background, logger: logger)], logger: quiet))
    async let running: Void = outer.run()
    try await body(try await port.task.value) { await outer.triggerGracefulShutdown() }
    try await running
}

private struct KitProgram<App: ApplicationProtocol>: Service {
    let kit: ServerKit
    let app: App
    let background: [BackgroundService]
    let logger: Logger

    func run() async throws { try await kit.run(app, background: background, signals: [], logger: logger) }
}
#endif
