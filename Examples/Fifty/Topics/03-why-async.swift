import Concerto

func topic03() async throws {
    let start = ContinuousClock.now
    let answers = try await (1...1_000).mapConcurrently(limit: 1_000) { number in
        try await Task.delay(for: .milliseconds(20))  // stands for a database
        return number
    }
    print("\(answers.count) answers")
    print("sooner than one after the other (20 s): \(ContinuousClock.now - start < .seconds(20))")
}
