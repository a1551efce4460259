import Concerto

/// The same question to several mirrors: the first good answer wins, the others are cancelled and waited for.
func firstAnswer() async throws {
    struct Down: Error {}

    let answer = try await Task.firstSuccess(of: ["down", "quick", "slow"]) { mirror in
        switch mirror {
        case "down": throw Down()
        case "quick": try await Task.delay(for: .milliseconds(5))
        default: try await Task.delay(for: .seconds(3_600))
        }
        return "answer of the \(mirror) mirror"
    }
    print(answer)

    // `whenAny` leaves the losers running: for tasks that are of use later.
    let quick = Task.run { "quick" }
    let slow = Task.run {
        try await Task.delay(for: .milliseconds(20))
        return "slow"
    }
    let first = try await Task.whenAny(quick, slow)
    print("first: \(try await first.value), later: \(try await slow.value)")
}
