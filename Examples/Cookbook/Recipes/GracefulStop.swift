import Concerto

/// A job every ten milliseconds until somebody asks to stop; what is under way ends first.
func gracefulStop() async throws {
    let stop = CancellationTokenSource()
    let worker = Task.run(name: "housekeeping") {
        let timer = try PeriodicTimer(period: .milliseconds(10))
        var rounds = 0
        while rounds < 3, try await timer.waitForNextTick(cancellation: stop.token) {
            rounds += 1  // one round of work: not cancelled by the token, which only ends the wait
            if rounds == 3 { stop.cancel() }
        }
        return rounds
    }
    print("rounds: \(try await worker.value)")

    // In a service the token is cancelled by a signal; everything that was started with it hears of it.
    let request = CancellationTokenSource(linkedTo: stop.token)
    print("linked source is cancelled too: \(request.isCancellationRequested)")
}
