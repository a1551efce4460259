import Concerto
import ConcertoTesting

func topic11() async throws {
    let executor = ManualExecutor()
    let (price, stock) = (AsyncManualResetEvent(), AsyncManualResetEvent())
    let task = executor.task {
        print("  the first part")
        try await price.wait()
        print("  the second part")
        try await stock.wait()
        print("  the third part")
    }
    for answer in [nil, price, stock] {
        answer?.set()
        print("jobs: \(executor.runUntilIdle())")
    }
    try await task.value
}
