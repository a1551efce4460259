#if Server
import Concerto
import ConcertoServer
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import TestSupport

typealias TestRouter = Router<BasicRequestContext>

/// A server of the kit on a free port of loopback, while `body` runs; ended gracefully.
func serving<T: Sendable>(
    _ kit: ServerKit, _ serverProtocol: ServerProtocol = .http1, _ router: TestRouter,
    _ body: @Sendable (Int) async throws -> T
) async throws -> T {
    let port = TaskCompletionSource<Int>()
    let app = Application(
        router: router, server: kit.server(serverProtocol),
        configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.trySetResult($0.localAddress?.port ?? 0) }, logger: quiet)
    let group = ServiceGroup(configuration: .init(services: [app], logger: quiet))
    async let running: Void = group.run()
    let result: Result<T, any Error>
    do { result = .success(try await body(try await port.task.value)) } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await running
    return try result.get()
}

/// Keeps metadata, which the no-op handler would not.
let quiet: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()

/// What happened in handlers, in order.
final class Events: Sendable {
    private let list = Mutex<[String]>([])

    func add(_ event: String) { list.withLock { $0.append(event) } }
    var all: [String] { list.withLock { $0 } }
    func contains(_ event: String) -> Bool { all.contains(event) }
    func count(_ event: String) -> Int { all.count { $0 == event } }
}

/// Sleeps far longer than a test takes, and says how that ended: by the reason that was known when the cancellation came.
func sleepLong(_ events: Events) async throws -> String {
    let reason = Mutex<String>("")
    let scope = RequestScope.current
    events.add("started")
    do {
        try await withTaskCancellationHandler {
            try await Task.sleep(for: .seconds(200))
        } onCancel: {
            reason.withLock { $0 = scope.reason?.rawValue ?? "none" }
        }
        events.add("done")
        return "done"
    } catch {
        events.add("cancelled: \(reason.withLock { $0 })")
        throw error
    }
}
#endif
