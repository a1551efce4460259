// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "concerto-benchmarks",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "concerto-bench", targets: ["ConcertoBench"])],
    dependencies: [.package(name: "concerto", path: "..")],
    targets: [
        .executableTarget(
            name: "ConcertoBench",
            dependencies: [.product(name: "Concerto", package: "concerto")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ])
    ],
    swiftLanguageModes: [.v6]
)
