import Concerto

func topic23() async throws {
    let gate = AsyncManualResetEvent()
    let rude = Task {
        while !gate.isSet { await Task.yield() }
        return (1...1_000).reduce(0, +)  // never looks
    }
    let polite = Task {
        while !gate.isSet { await Task.yield() }
        var sum = 0
        for number in 1...1_000 {
            try Task.checkCancellation()
            sum += number
        }
        return sum
    }
    rude.cancel()
    polite.cancel()
    gate.set()
    print("the one that never looks: \(await rude.value)")
    do { print("the other: \(try await polite.value)") } catch { print("the other: \(error)") }
}
