import ConcertoServer
import Foundation
import Hummingbird
import Logging

/// One of the servers that `Benchmarks/server-cost` compares: `server-cost VARIANT [PORT]`. Prints its port once it listens.
///
/// - bare: a Hummingbird route, and nothing else
/// - watcher: the kit's server without its middleware: hang-ups cancel, bytes are limited
/// - deadline: and the middleware with its deadline of 30 s
/// - kit: and admission, rate limit (by everybody, never reached), metrics
/// - refused: admission whose only permit `GET /hold` keeps: the rest is refused
let variants = ["bare", "watcher", "deadline", "kit", "refused"]
guard CommandLine.arguments.count > 1, variants.contains(CommandLine.arguments[1]) else {
    FileHandle.standardError.write(Data("usage: server-cost \(variants.joined(separator: "|")) [PORT]\n".utf8))
    exit(64)
}
let variant = CommandLine.arguments[1]
let port = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 0

let kit = ServerKit { kit in
    kit.drainDelay = .zero
    switch variant {
    case "kit":
        kit.admission = .concurrency(1_000, queue: 1_000)
        kit.rateLimit = RequestRateLimit(
            .tokenBucket(capacity: 1_000_000_000, refill: 1_000_000_000, per: .seconds(1)), by: .everybody)
        kit.observer = ServerMetrics()
    case "refused": kit.admission = .concurrency(1)
    default: break
    }
}
let router = Router()
if !["bare", "watcher"].contains(variant) { router.add(middleware: kit.middleware()) }
router.get("/") { _, _ in "Hello, world!" }
router.get("hold") { _, _ in
    try await Task.sleep(for: .seconds(3_600))
    return "held"
}
var logger = Logger(label: "server-cost")
logger.logLevel = .critical
let application = Application(
    router: router, server: variant == "bare" ? .http1() : kit.server(),
    configuration: .init(address: .hostname("127.0.0.1", port: port)),
    onServerRunning: { channel in
        print(channel.localAddress?.port ?? 0)
        fflush(nil)
    }, logger: logger)
try await application.runService()
