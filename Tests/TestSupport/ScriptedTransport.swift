#if HTTP
import Concerto
import ConcertoHTTP
import NIOHTTP1
import Synchronization

/// A server that a test writes: answers every call as the script says and remembers what came when.
package final class ScriptedTransport: HTTPTransport {
    package struct Arrival: Sendable {
        package var url: String
        package var key: String?
        package var host: String
        package var time: TimerInstant
    }

    private struct State {
        var arrivals: [Arrival] = []
        var numbers: [String: Int] = [:]
        var inFlight: [String: Int] = [:]
        package var mostInFlight: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let clock: any TimerClock
    private let script: @Sendable (_ call: HTTPCall, _ number: Int) async throws -> HTTPReply

    /// - Parameter script: Gets the call and how often its URL has been called, from 1.
    package init(clock: any TimerClock, _ script: @escaping @Sendable (HTTPCall, Int) async throws -> HTTPReply) {
        self.clock = clock
        self.script = script
    }

    package var arrivals: [Arrival] { state.withLock { $0.arrivals } }
    package var urls: [String] { arrivals.map(\.url) }
    package var mostInFlight: [String: Int] { state.withLock { $0.mostInFlight } }

    package func send(_ call: HTTPCall) async throws -> HTTPReply {
        let now = clock.now
        let number = state.withLock { state in
            state.arrivals.append(
                Arrival(
                    url: call.url, key: call.headers.first { $0.name == "Idempotency-Key" }?.value, host: call.host,
                    time: now))
            state.numbers[call.url, default: 0] += 1
            let inFlight = state.inFlight[call.host, default: 0] + 1
            state.inFlight[call.host] = inFlight
            state.mostInFlight[call.host] = max(inFlight, state.mostInFlight[call.host, default: 0])
            return state.numbers[call.url]!
        }
        defer { state.withLock { $0.inFlight[call.host]! -= 1 } }
        return try await script(call, number)
    }
}

extension HTTPReply {
    package static func status(_ status: Int, retryAfter: String? = nil) -> HTTPReply {
        HTTPReply(status: status, headers: retryAfter.map { ["retry-after": $0] } ?? [:])
    }
}
#endif
