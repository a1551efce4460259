import Concerto
import Foundation

func topic04() async throws {
    let gate = AsyncManualResetEvent()
    let tasks = (1...10_000).map { number in
        Task.run {
            try await gate.wait()
            return number
        }
    }
    while gate.statistics.waiters < tasks.count { await Task.yield() }
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    print("\(tasks.count) tasks wait on fewer than 100 threads: \(threads < 100)")
    gate.set()
    print("sum: \(try await Task.whenAll(tasks).reduce(0, +))")
}
