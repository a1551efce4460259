import Concerto

/// Lives as long as the program.
private let interface = SynchronizationContext.withThread(named: "interface")

func topic13() async throws {
    let places = try await Task.run(on: interface) {
        let before = SynchronizationContext.current === interface
        try await Task.delay(for: .milliseconds(1))
        return [before, SynchronizationContext.current === interface]
    }.value
    print("on the context before the await: \(places[0]), behind it: \(places[1])")
}
