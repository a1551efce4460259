// swift-tools-version: 6.3
import PackageDescription

// Everything below a trait costs nothing until that trait is enabled: a package that depends on Concerto
// without traits resolves no other package. `make` passes the traits where the whole house is built.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "concerto",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Concerto", targets: ["Concerto"]),
        .library(name: "ConcertoStreams", targets: ["ConcertoStreams"]),
        .library(name: "ConcertoResilience", targets: ["ConcertoResilience"]),
        .library(name: "ConcertoResources", targets: ["ConcertoResources"]),
        .library(name: "ConcertoDiagnostics", targets: ["ConcertoDiagnostics"]),
        .library(name: "ConcertoTesting", targets: ["ConcertoTesting"]),
        .library(name: "ConcertoHTTP", targets: ["ConcertoHTTP"]),
        .library(name: "ConcertoBatch", targets: ["ConcertoBatch"]),
        .library(name: "ConcertoObservability", targets: ["ConcertoObservability"]),
        .library(name: "ConcertoExporters", targets: ["ConcertoExporters"]),
        .library(name: "ConcertoPostgres", targets: ["ConcertoPostgres"]),
        .library(name: "ConcertoServer", targets: ["ConcertoServer"]),
        .library(name: "AsyncLint", targets: ["AsyncLint"]),
        .executable(name: "concerto", targets: ["ConcertoCLI"]),
        .executable(name: "asynclint", targets: ["AsyncLintTool"]),
        // A plugin finds a tool of its own package by the name of its target only.
        .executable(name: "AsyncLintTool", targets: ["AsyncLintTool"]),
        .plugin(name: "AsyncLintPlugin", targets: ["AsyncLintPlugin"]),
        .plugin(name: "AsyncLintBuildPlugin", targets: ["AsyncLintBuildPlugin"]),
    ],
    traits: [
        .trait(name: "HTTP", description: "ConcertoHTTP: AsyncHTTPClient behind a resilience pipeline."),
        .trait(
            name: "Batch",
            description: "ConcertoBatch: the batch engine, its store (SQLite) and its report.",
            enabledTraits: ["HTTP"]),
        .trait(
            name: "Observability",
            description: "ConcertoObservability: metrics, spans, swift-log, swift-metrics, swift-distributed-tracing."),
        .trait(
            name: "Exporters",
            description: "ConcertoExporters: Prometheus, OpenMetrics and OTLP over HTTP.",
            enabledTraits: ["HTTP", "Observability"]),
        .trait(
            name: "CLI",
            description: "The `concerto` tool and the misbehaving demo server of its quickstart.",
            enabledTraits: ["Batch", "Exporters", "PostgreSQL", "Server"]),
        .trait(
            name: "Server",
            description: "ConcertoServer: what a Hummingbird service needs to survive its clients and its load.",
            enabledTraits: ["HTTP"]),
        .trait(name: "PostgreSQL", description: "ConcertoPostgres: PostgreSQL by libpq, which is loaded on first use."),
        .trait(name: "Lint", description: "AsyncLint: the library, the `asynclint` tool and its plugin."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        // AsyncHTTPClient brings these two along; their errors and handlers are named by us.
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.36.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.26.0"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        // Hummingbird brings these two along; their types are named by us.
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.11.0"),
        // As wide as it is tried, so that macros which want another version can stand beside it.
        .package(url: "https://github.com/swiftlang/swift-syntax.git", "600.0.1"..<"604.0.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: [
        // The core: no trait, no dependency.
        .target(name: "CConcerto"),
        .target(name: "ConcertoRuntime", dependencies: ["CConcerto"], swiftSettings: settings),
        .target(name: "Concerto", dependencies: ["ConcertoRuntime"], swiftSettings: settings),
        .target(name: "ConcertoTesting", dependencies: ["Concerto"], swiftSettings: settings),
        .target(name: "ConcertoStreams", dependencies: ["CConcerto", "Concerto"], swiftSettings: settings),
        .target(name: "ConcertoResilience", dependencies: ["Concerto"], swiftSettings: settings),
        .target(
            name: "ConcertoResources", dependencies: ["Concerto", "ConcertoResilience"], swiftSettings: settings),
        .target(
            name: "ConcertoDiagnostics", dependencies: ["Concerto", "CConcerto"],
            resources: [.embedInCode("Dashboard/Page")], swiftSettings: settings),

        // Trait HTTP.
        .target(
            name: "ConcertoHTTP",
            dependencies: [
                "Concerto", "ConcertoResilience", "ConcertoStreams",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHPACK", package: "swift-nio-http2", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras", condition: .when(traits: ["HTTP"])),
            ],
            swiftSettings: settings),

        // Trait Batch.
        .systemLibrary(
            name: "CConcertoZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .yum(["zlib-devel"])]),
        .target(
            name: "ConcertoBatch",
            dependencies: [
                "Concerto", "ConcertoResilience", "ConcertoStreams", "ConcertoHTTP",
                .target(name: "CConcertoZlib", condition: .when(traits: ["Batch"])),
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Batch"])),
                .product(name: "GRDB", package: "GRDB.swift", condition: .when(traits: ["Batch"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Batch"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Batch"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Batch"])),
                .product(
                    name: "Histogram", package: "hdrhistogram-swift", condition: .when(traits: ["Batch"])),
            ],
            swiftSettings: settings),

        // Traits Observability and Exporters.
        .target(
            name: "ConcertoObservability",
            dependencies: [
                "Concerto", "ConcertoResilience", "ConcertoDiagnostics",
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Observability"])),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Observability"])),
                .product(
                    name: "Tracing", package: "swift-distributed-tracing",
                    condition: .when(traits: ["Observability"])),
            ],
            swiftSettings: settings),
        .target(
            name: "ConcertoExporters",
            dependencies: [
                "Concerto", "ConcertoDiagnostics", "ConcertoHTTP", "ConcertoObservability", "ConcertoResilience",
                .product(
                    name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(
                    name: "NIOHTTPCompression", package: "swift-nio-extras", condition: .when(traits: ["Exporters"])),
            ],
            swiftSettings: settings),

        // Trait PostgreSQL.
        .target(name: "CPQ"),
        .target(
            name: "ConcertoPostgres",
            dependencies: ["Concerto", "ConcertoStreams", "ConcertoResilience", "CConcerto", "CPQ"],
            swiftSettings: settings),

        // Traits Batch and PostgreSQL.
        .target(
            name: "ConcertoBatchPostgres", dependencies: ["ConcertoBatch", "ConcertoPostgres"],
            swiftSettings: settings),

        // Trait Server.
        .target(
            name: "ConcertoServer",
            dependencies: [
                "CConcerto", "Concerto", "ConcertoDiagnostics", "ConcertoHTTP", "ConcertoObservability",
                "ConcertoResilience", "ConcertoResources", "ConcertoStreams",
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "HummingbirdTLS", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Server"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Server"])),
                .product(name: "NIOTLS", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: .when(traits: ["Server"])),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Server"])),
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Server"])),
                .product(
                    name: "UnixSignals", package: "swift-service-lifecycle", condition: .when(traits: ["Server"])),
            ],
            swiftSettings: settings),

        // Trait CLI.
        .target(
            name: "DemoServer",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["CLI"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["CLI"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["CLI"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["CLI"])),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "ConcertoCLI",
            dependencies: [
                "ConcertoBatch", "ConcertoBatchPostgres", "ConcertoDiagnostics", "ConcertoExporters", "DemoServer",
                .product(
                    name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["CLI"])),
            ],
            swiftSettings: settings),

        // Trait Lint.
        .target(
            name: "AsyncLint",
            dependencies: [
                .product(name: "SwiftSyntax", package: "swift-syntax", condition: .when(traits: ["Lint"])),
                .product(name: "SwiftParser", package: "swift-syntax", condition: .when(traits: ["Lint"])),
                .product(name: "Yams", package: "Yams", condition: .when(traits: ["Lint"])),
            ],
            resources: [.embedInCode("Knowledge/apis.yml")],
            swiftSettings: settings),
        .executableTarget(
            name: "AsyncLintTool",
            dependencies: [
                "AsyncLint",
                .product(
                    name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Lint"])),
            ],
            swiftSettings: settings),
        .plugin(
            name: "AsyncLintPlugin",
            capability: .command(
                intent: .custom(verb: "asynclint", description: "Finds asynchronous mistakes in Swift sources.")),
            dependencies: ["AsyncLintTool"]),
        .plugin(name: "AsyncLintBuildPlugin", capability: .buildTool(), dependencies: ["AsyncLintTool"]),

        .testTarget(
            name: "ConcertoRuntimeTests", dependencies: ["ConcertoRuntime", "TestSupport", "PoolProgram"],
            swiftSettings: settings),
        .target(
            name: "TestSupport",
            dependencies: [
                "Concerto", "ConcertoHTTP", "ConcertoTesting",
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["HTTP"])),
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        // A test cannot have a process of its own, nor its main thread.
        .executableTarget(
            name: "PoolProgram", dependencies: ["ConcertoRuntime"],
            path: "Tests/Programs/PoolProgram", swiftSettings: settings),
        .executableTarget(
            name: "BlockingProgram", dependencies: ["Concerto", "ConcertoRuntime"],
            path: "Tests/Programs/BlockingProgram", swiftSettings: settings),
        // Counts allocations, which it can only where malloc is its own: scripts/check-allocations.
        .target(name: "CMallocCount", path: "Benchmarks/Sources/CMallocCount"),
        .executableTarget(
            name: "AllocationProgram",
            dependencies: ["CMallocCount", "Concerto", "ConcertoResilience", "ConcertoResources", "ConcertoStreams"],
            path: "Tests/Programs/AllocationProgram", swiftSettings: settings),
        // Programs that hang, starve and leak on purpose; the second does not know Concerto.
        .executableTarget(
            name: "DiagnosticsProgram", dependencies: ["Concerto", "ConcertoDiagnostics"],
            path: "Tests/Programs/DiagnosticsProgram", swiftSettings: settings),
        .executableTarget(
            name: "PlainProgram", path: "Tests/Programs/PlainProgram", swiftSettings: settings),
        .testTarget(
            name: "ConcertoDiagnosticsTests",
            dependencies: [
                "ConcertoDiagnostics", "ConcertoTesting", "TestSupport", "DiagnosticsProgram", "PlainProgram",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoTests", dependencies: ["Concerto", "ConcertoTesting", "TestSupport", "BlockingProgram"],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoTestingTests", dependencies: ["ConcertoTesting"], swiftSettings: settings),
        // The examples of docs/streams.md, which the tests run.
        .executableTarget(
            name: "StreamExamples", dependencies: ["Concerto", "ConcertoStreams"], path: "Examples/Streams",
            swiftSettings: settings),
        // The programs of docs/cookbook.md, which the tests run.
        .executableTarget(
            name: "Cookbook",
            dependencies: ["Concerto", "ConcertoResilience", "ConcertoStreams", "ConcertoTesting"],
            path: "Examples/Cookbook", exclude: ["expected"], swiftSettings: settings),
        // The program of docs/tutorial.md, step by step.
        .target(
            name: "FlakyAPI", dependencies: ["Concerto"], path: "Examples/tutorial/FlakyAPI", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial1", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/1-first-call", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial2", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/2-limit", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial3", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/3-retries", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial4", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/4-deadlines", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial5", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/5-cancellation", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial6", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/6-diagnosis", swiftSettings: settings),
        .executableTarget(
            name: "Tutorial7", dependencies: ["FlakyAPI", "Concerto", "ConcertoResilience"],
            path: "Examples/tutorial/7-tests/Sources", swiftSettings: settings),
        .testTarget(
            name: "TutorialTests", dependencies: ["Tutorial7", "FlakyAPI", "Concerto", "ConcertoTesting"],
            path: "Examples/tutorial/7-tests/Tests", swiftSettings: settings),
        // The programs of docs/fifty.
        .executableTarget(
            name: "Fifty",
            dependencies: [
                "Concerto", "ConcertoResilience", "ConcertoResources", "ConcertoStreams", "ConcertoTesting",
            ],
            path: "Examples/Fifty", exclude: ["expected", "pages"], swiftSettings: settings),
        // The service of docs/high-throughput-api.md, which the tests start.
        .executableTarget(
            name: "Orders",
            dependencies: [
                "ConcertoExporters", "ConcertoHTTP", "ConcertoResources", "ConcertoServer",
                .product(name: "GRDBSQLite", package: "GRDB.swift", condition: .when(traits: ["CLI"])),
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["CLI"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["CLI"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["CLI"])),
            ],
            path: "Examples/orders", exclude: ["load"], swiftSettings: settings),
        .testTarget(
            name: "DocumentationTests",
            dependencies: [
                "ConcertoHTTP", "ConcertoStreams", "DemoServer", "TestSupport", "Cookbook", "Fifty", "Orders",
            ]
                + (1...7).map { .byName(name: "Tutorial\($0)") },
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoStreamsTests",
            dependencies: ["ConcertoStreams", "ConcertoTesting", "TestSupport", "StreamExamples"],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoResilienceTests", dependencies: ["ConcertoResilience", "ConcertoTesting", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoResourcesTests", dependencies: ["ConcertoResources", "ConcertoTesting", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoHTTPTests",
            dependencies: [
                "ConcertoHTTP", "ConcertoStreams", "ConcertoTesting", "DemoServer", "TestSupport",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHPACK", package: "swift-nio-http2", condition: .when(traits: ["HTTP"])),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["HTTP"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoBatchTests",
            dependencies: [
                "ConcertoBatch", "ConcertoTesting", "DemoServer", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift", condition: .when(traits: ["Batch"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Batch"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Batch"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoObservabilityTests",
            dependencies: [
                "ConcertoObservability", "ConcertoResilience", "ConcertoTesting", "TestSupport",
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Observability"])),
                .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["Observability"])),
                .product(
                    name: "Tracing", package: "swift-distributed-tracing",
                    condition: .when(traits: ["Observability"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoExportersTests",
            dependencies: [
                "ConcertoExporters", "ConcertoDiagnostics", "ConcertoResilience", "ConcertoTesting", "TestSupport",
                .product(
                    name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Exporters"])),
                .product(
                    name: "NIOHTTPCompression", package: "swift-nio-extras", condition: .when(traits: ["Exporters"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoPostgresTests",
            dependencies: ["ConcertoPostgres", "ConcertoTesting", "TestSupport", "CPQ"], swiftSettings: settings),
        .testTarget(
            name: "ConcertoBatchPostgresTests",
            dependencies: [
                "ConcertoBatchPostgres", "ConcertoBatch", "ConcertoPostgres", "ConcertoTesting", "DemoServer",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoServerTests",
            dependencies: [
                "ConcertoHTTP", "ConcertoObservability", "ConcertoResources", "ConcertoServer", "ConcertoTesting",
                "TestSupport",
                .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Server"])),
                .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Server"])),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Server"])),
                .product(name: "NIOHPACK", package: "swift-nio-http2", condition: .when(traits: ["Server"])),
                .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Server"])),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Server"])),
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Server"])),
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Server"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConcertoCLITests",
            dependencies: [
                "ConcertoCLI", "ConcertoDiagnostics", "ConcertoPostgres", "DemoServer", "PlainProgram", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift", condition: .when(traits: ["CLI"])),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AsyncLintTests",
            dependencies: [
                "AsyncLint", "AsyncLintTool",
                .product(name: "SwiftSyntax", package: "swift-syntax", condition: .when(traits: ["Lint"])),
                .product(name: "SwiftParser", package: "swift-syntax", condition: .when(traits: ["Lint"])),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
