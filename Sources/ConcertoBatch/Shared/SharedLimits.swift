#if Batch
import Concerto
import ConcertoHTTP

/// The rates that all workers of a run keep together.
final class SharedLimits: CallLimits {
    let isByAccount = false
    private let rates: [BorrowedTurns]

    /// - Parameter rates: Of calls. The slowest is asked first: a turn that was taken and then had to wait would be too old.
    init(_ rates: [CallRate], of run: SharedRun, in store: any SharedStore, clock: any TimerClock) {
        // Two that come to the same (60/m and 1/s) are one: the store would lend both of the same turns.
        var paces: Set<Double> = []
        let rates = rates.filter { paces.insert($0.interval / .seconds(1)).inserted }
        self.rates = rates.sorted { $0.interval > $1.interval }.map { rate in
            BorrowedTurns(rate, clock: clock) { try await store.borrow($0, of: rate.interval, for: run) }
        }
    }

    func tryTake(_ call: HTTPCall) -> Bool {
        for (index, turns) in rates.enumerated() where !turns.tryTake() {
            for taken in rates[..<index] { taken.giveBack() }
            return false
        }
        return true
    }

    func take(_ call: HTTPCall) async throws {
        for (index, turns) in rates.enumerated() {
            do {
                try await turns.take()
            } catch {
                for taken in rates[..<index] { taken.giveBack() }
                throw error
            }
        }
    }

    func giveBack(_ call: HTTPCall) { for turns in rates { turns.giveBack() } }

    /// A turn is a turn, however the call has ended.
    func settle(_ call: HTTPCall, _ result: AttemptResult) {}

    func close() { for turns in rates { turns.close() } }
}

/// Hosts that have asked to be left alone, told to the other workers of the store and heard from them.
final class SharedPauses: Sendable {
    private struct State {
        var client: ResilientHTTPClient?
        /// Until when others have said that a host is closed.
        var heard: [String: TimerInstant] = [:]
    }

    /// What two clocks may say differently of one moment.
    private static let blur = Duration.milliseconds(50)

    private let state = Guarded(State())
    private let clock: any TimerClock

    init(clock: any TimerClock) { self.clock = clock }

    func watch(_ client: ResilientHTTPClient?) { state.withLock { $0.client = client } }

    /// What others do not know yet: hosts, and for how long from now.
    func news() -> [String: Duration] {
        let (client, heard) = state.withLock { ($0.client, $0.heard) }
        let now = clock.now
        var news: [String: Duration] = [:]
        for (host, statistics) in client?.hostStatistics ?? [:] {
            guard let until = statistics.pausedUntil, until > now else { continue }
            if let known = heard[host], until <= known.advanced(by: Self.blur) { continue }
            news[host] = now.duration(to: until)
        }
        return news
    }

    /// Leaves hosts alone that others were told to.
    func hear(_ pauses: [String: Duration]) {
        guard !pauses.isEmpty else { return }
        let now = clock.now
        let (client, new) = state.withLock { state -> (ResilientHTTPClient?, [String: Duration]) in
            var new: [String: Duration] = [:]
            state.heard = state.heard.filter { $0.value > now }
            for (host, pause) in pauses {
                let until = now.advanced(by: pause)
                if let known = state.heard[host], until <= known.advanced(by: Self.blur) { continue }
                state.heard[host] = until
                new[host] = pause
            }
            return (state.client, new)
        }
        for (host, pause) in new { client?.pause(host, for: pause) }
    }
}
#endif
