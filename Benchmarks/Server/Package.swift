// swift-tools-version: 6.3
import PackageDescription

// A package of its own, so that the other benchmarks build without a server.
let package = Package(
    name: "concerto-server-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "concerto", path: "../..", traits: ["Server", "Observability"]),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
    ],
    targets: [
        .executableTarget(
            name: "server-cost",
            dependencies: [
                .product(name: "ConcertoServer", package: "concerto"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
