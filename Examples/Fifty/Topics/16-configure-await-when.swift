import Concerto

/// Lives as long as the program.
private let interface = SynchronizationContext.withThread(named: "interface")

func topic16() async throws {
    let title = try await Task.run(on: interface) {
        let sum = await withoutContext { (1...100_000).reduce(0, +) }  // the context serves others meanwhile
        return "sum \(sum), shown on the context: \(SynchronizationContext.current === interface)"
    }.value
    print(title)
}
