import Concerto

func topic19() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, name: "pictures"))
    let primes = Task.run(on: pool) {
        let count = (2..<2_000).filter { number in !(2..<number).contains { number % $0 == 0 } }.count
        return (count, ThreadPool.current === pool)
    }
    let (count, onPool) = try await primes.value
    print("\(count) primes, computed on the pool: \(onPool)")
    await pool.shutdown()
}
