// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "concerto-benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "concerto-bench", targets: ["ConcertoBench"]),
        .executable(name: "concerto-bench-resilience", targets: ["ConcertoBenchResilience"]),
    ],
    dependencies: [
        .package(name: "concerto", path: ".."),
        // Measured beside Concerto's channels and streams; both are imported, so their names may not collide.
        .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.4"),
    ],
    targets: [
        // Counts allocations by standing before malloc: only in the program that reports them.
        .target(name: "CMallocCount"),
        .executableTarget(
            name: "ConcertoBenchResilience",
            dependencies: [
                "CMallocCount",
                .product(name: "Concerto", package: "concerto"),
                .product(name: "ConcertoResilience", package: "concerto"),
                .product(name: "ConcertoTesting", package: "concerto"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ]),
        .executableTarget(
            name: "ConcertoBench",
            dependencies: [
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
                .product(name: "Concerto", package: "concerto"),
                .product(name: "ConcertoStreams", package: "concerto"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
