#if CLI
import ConcertoExporters
import ConcertoHTTP
import ConcertoServer
import Foundation
import Hummingbird
import Logging

/// A service that takes orders. Its customers' names come from a service that misbehaves, its orders go to SQLite; it is
/// explained in docs/high-throughput-api.md.
@main struct Orders {
    static func main() async throws {
        let settings = Settings(ProcessInfo.processInfo.environment)
        if settings.hasPool { ThreadPool.installAsDefault() }
        let database = Database(settings)
        let customers = try Customers(settings.customers)
        let kit = kit(settings, database)
        let router = Router()
        if settings.hasKit { router.add(middleware: kit.middleware()) }
        addRoutes(to: router, database, customers)
        try kit.check(router)

        let telemetry = try await telemetry(settings, kit, database, customers)
        let application = Application(
            router: router, server: settings.hasKit ? kit.server() : .http1(),
            configuration: .init(address: .hostname("127.0.0.1", port: settings.port)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                print("http://127.0.0.1:\(port) http://127.0.0.1:\(telemetry.port)/metrics")
                fflush(nil)
            },
            logger: Logger(label: "orders"))
        // Returns after SIGTERM or SIGINT, when what was being served has ended.
        if settings.hasKit {
            try await kit.run(application)
        } else {
            try await database.prepare()
            try await application.runService()
        }
        await database.pool.shutDown(limit: .seconds(5))
        await customers.shutDown()
        await telemetry.shutdown()
    }

    private static func kit(_ settings: Settings, _ database: Database) -> ServerKit {
        ServerKit { kit in
            kit.deadline = .seconds(2)
            kit.observer = ServerMetrics()
            kit.admission = .concurrency(
                settings.connections * 2, queue: 64, maxWait: .milliseconds(200), order: .newestFirst)
            kit.drainDelay = .seconds(settings.drainSeconds)
            kit.health.warmUp = { try await database.prepare() }
            // Not a statement: a probe must not wait for a connection of a busy pool.
            kit.health.checks["database"] = { try withBlocking { try Connection(settings.database).close() } }
            // What has begun to be stored is stored, also when its client has gone.
            kit.route("/orders") {
                $0.outlivesClient = true; $0.priority = .critical
            }
            kit.route("/export") {
                $0.deadline = .at(.seconds(60)); $0.priority = .sheddable
            }
            kit.problem = { error in
                switch error {
                case is UpstreamError, is HTTPFailure: Problem(.badGateway, detail: "The customers' service fails.")
                case is PoolTimeoutError: Problem(.serviceUnavailable, detail: "The database is busy.")
                default: nil
                }
            }
        }
    }

    private static func telemetry(
        _ settings: Settings, _ kit: ServerKit, _ database: Database, _ customers: Customers
    ) async throws -> TelemetryServer {
        let meter = Meter(scope: "orders")
        meter.observe("orders.database.connections", as: .upDownCounter, unit: "{connection}") { report in
            let pool = database.pool.statistics
            report(["state": "used"], .int(Int64(pool.inUse)))
            report(["state": "idle"], .int(Int64(pool.idle)))
        }
        meter.observe("orders.customers.lookups", as: .counter, unit: "{lookup}") { report in
            let cache = customers.names.statistics
            report(["result": "hit"], .int(Int64(cache.hits)))
            report(["result": "stale"], .int(Int64(cache.staleHits)))
            report(["result": "miss"], .int(Int64(cache.misses)))
        }
        meter.observe(kit)
        var options = TelemetryServer.Options()
        options.port = settings.metricsPort
        return try await TelemetryServer.start(options)
    }
}
#else
@main struct Orders {
    static func main() {
        print("The example was built without its trait. Build it with: swift build --traits CLI --product Orders")
    }
}
#endif
