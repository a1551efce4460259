import ConcertoResilience
import ConcertoTesting

extension ManualClock {
    /// Runs `body` and moves the clock to the next timer whenever one is set, until `body` has returned.
    ///
    /// The body must do nothing but compute and wait for this clock, so that a timer that is set means that it waits.
    func drive<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> T {
        let ended = Counter()
        async let driver: Void = advance(until: ended)
        let value = await body()
        ended.increment()
        // Wakes the driver, which waits for a timer.
        let wake = schedule(at: .distantFuture) {}
        await driver
        wake.cancel()
        return value
    }

    private func advance(until ended: Counter) async {
        while true {
            await sleepers()
            if ended.value > 0 { return }
            advanceToNextTimer()
        }
    }
}
