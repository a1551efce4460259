#if CLI
/// What differs from installation to installation, from the environment; what makes no sense is left at its default.
struct Settings {
    /// Where customers are asked for: `concerto demo-server` prints such a URL.
    let customers: String
    let database: String
    let port, metricsPort, drainSeconds: Int
    /// Connections to the database; twice as many requests are served at a time.
    let connections: Int
    /// For measurements: what a statement costs besides, and whether kit and thread pool are there.
    let delayMilliseconds: Int
    let hasKit, hasPool: Bool

    init(_ environment: [String: String]) {
        func number(_ name: String, _ standard: Int, most: Int = 65_535) -> Int {
            environment[name].flatMap { Int($0) }.flatMap { (0...most).contains($0) ? $0 : nil } ?? standard
        }
        customers = environment["ORDERS_CUSTOMERS"] ?? "http://127.0.0.1:8081"
        database = environment["ORDERS_DATABASE"] ?? "orders.sqlite"
        port = number("ORDERS_PORT", 8080)
        metricsPort = number("ORDERS_METRICS_PORT", 9464)
        drainSeconds = number("ORDERS_DRAIN_SECONDS", 5, most: 25)
        connections = max(1, number("ORDERS_CONNECTIONS", 8))
        delayMilliseconds = number("ORDERS_DELAY_MS", 0)
        hasKit = environment["ORDERS_KIT"] != "off"
        hasPool = environment["ORDERS_POOL"] != "off"
    }
}
#endif
