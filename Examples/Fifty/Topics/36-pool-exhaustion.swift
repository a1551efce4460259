import Concerto
import Foundation

func topic36() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, name: "exhausted"))
    let requests = (1...2).map { number in
        Task.run(on: pool) { waitInside(pool, for: number) }
    }
    print("answers: \(try await Task.whenAll(requests))")
    await pool.shutdown()
}

/// What a library does that waits for a task of its own.
private func waitInside(_ pool: ThreadPool, for number: Int) -> Int {
    let done = DispatchSemaphore(value: 0)
    pool.queueWorkItem { done.signal() }
    done.wait()
    return number * 10
}
