import Concerto

func topic37() async throws {
    let sums = try await (0..<8).mapConcurrently(limit: Parallel.defaultConcurrency) { part in
        var primes = 0
        for number in (part * 500 + 2)..<(part * 500 + 502) {
            if !(2..<number).contains(where: { number % $0 == 0 }) { primes += 1 }
            if number % 100 == 0 { await ThreadPool.yield() }
        }
        return primes
    }
    print("\(sums.reduce(0, +)) primes below 4,002")
}
