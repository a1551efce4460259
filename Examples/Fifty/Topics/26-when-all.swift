import Concerto

func topic26() async throws {
    let squares = try await Task.whenAll((1...5).map { number in Task.run { number * number } })
    print(squares)
    let (name, age) = try await Task.whenAll(Task.run { "Ada" }, Task.run { 36 })
    print("\(name), \(age)")
}
