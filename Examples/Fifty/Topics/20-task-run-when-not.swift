import Concerto

func topic20() async throws {
    for isWrapped in [false, true] {
        let (started, finished) = (AsyncManualResetEvent(), TaskCompletionSource<String>())
        @Sendable func work() async throws {
            started.set()
            do {
                try await Task.delay(for: .milliseconds(20))
                finished.trySetResult("ran to its end")
            } catch {
                finished.trySetResult("heard of the cancellation")
            }
        }
        let task = Task.run {
            if isWrapped { try await Task.run { try await work() }.value } else { try await work() }
        }
        try await started.wait()
        task.cancel()
        print("\(isWrapped ? "wrapped" : "directly"): the work \(try await finished.task.value)")
    }
}
