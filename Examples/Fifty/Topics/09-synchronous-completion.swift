import Concerto
import ConcertoTesting

func topic09() async throws {
    let executor = ManualExecutor()
    let cached = TaskHandle<Int>.completed(42)
    let task = executor.task {
        var sum = 0
        for _ in 1...1_000 { sum += try await cached.value }
        return sum
    }
    let jobs = executor.runUntilIdle()
    print("1,000 awaits, \(jobs) job, sum \(try await task.value)")
}
