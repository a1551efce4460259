import Concerto

func topic18() async throws {
    let thumbnail = Task.run(name: "thumbnail") { (1...1_000).reduce(0, +) }
    print("meanwhile the caller goes on")
    print("\(thumbnail.name!): \(try await thumbnail.value)")
}
