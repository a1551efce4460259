import Concerto
import Foundation

func topic07() async throws {
    let clock = ContinuousClock()
    let tasks = try await clock.measure {
        for _ in 1...1_000 { try await Task.run {}.value }
    }
    print("1,000 tasks are over sooner than 1,000 threads: \(tasks < timeOfThreads())")
}

private func timeOfThreads() -> Duration {
    ContinuousClock().measure {
        for _ in 1...1_000 {
            let end = DispatchSemaphore(value: 0)
            Thread { end.signal() }.start()
            end.wait()
        }
    }
}
