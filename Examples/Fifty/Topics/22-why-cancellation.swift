import Concerto

func topic22() async throws {
    let request = CancellationTokenSource()
    let calls = Counter()
    do {
        try await withCancellation(of: request.token) {
            for _ in 1...1_000 {
                if calls.add() == 3 { request.cancel() }  // here the client hangs up
                try await Task.delay(for: .milliseconds(1))  // a call for it
            }
        }
    } catch is CancellationError {
        print("\(calls.value) of 1,000 calls were made")
    }
}
