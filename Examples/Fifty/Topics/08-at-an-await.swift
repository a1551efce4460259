import Concerto
import ConcertoTesting

func topic08() async throws {
    let executor = ManualExecutor()
    let gate = AsyncManualResetEvent()
    let task = executor.task {
        print("before the await")
        try await gate.wait()
        print("behind it")
    }
    executor.runUntilIdle()
    print("the task waits; this thread does something else")
    gate.set()
    executor.runUntilIdle()
    try await task.value
}
