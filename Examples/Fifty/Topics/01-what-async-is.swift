import Concerto

func topic01() async throws {
    @Sendable func greeting(_ name: String) async throws -> String {
        try await Task.delay(for: .milliseconds(1))
        return "hello, \(name)"
    }
    print(try await greeting("one"))

    async let two = greeting("two")  // begins now
    async let three = greeting("three")
    print(try await two)  // is awaited here
    print(try await three)
}
