import Concerto
import Foundation

func topic35() async throws {
    let pool = try ThreadPool(.init(minThreads: 2, name: "starved"))
    let answered = DispatchSemaphore(value: 0)
    let blocking = (1...16).map { _ in Task.run(on: pool) { block(until: answered) } }
    print(try await Task.run(on: pool) { "a quick answer" }.value)
    for _ in blocking { answered.signal() }
    _ = try await Task.whenAll(blocking)
    print("then the \(blocking.count) that blocked")
    await pool.shutdown()
}

private func block(until semaphore: DispatchSemaphore) { semaphore.wait() }
