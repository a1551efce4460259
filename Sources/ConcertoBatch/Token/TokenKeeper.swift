#if Batch
import Concerto
import ConcertoHTTP
import Foundation

/// Holds the token that all calls of a run carry, and renews it: one request at a time for everybody, from four fifths of the
/// token's life on, by the wall clock, which goes on while the machine sleeps; and once for a call that was answered with 401.
///
/// While a token that is still good is being renewed, calls go on with it. What is held stands in memory alone.
final class TokenKeeper: Sendable {
    /// What calls carry until they are sent: no header may hold it otherwise.
    static let mark = "\u{2}token\u{3}"

    private typealias Renewal = Task<Result<Void, BatchError>, Never>

    private struct State {
        var token: String?
        /// Counts tokens, so that of two calls that one token failed only the first has it renewed.
        var generation = 0
        var since = Date.distantPast
        /// Seconds; `nil` if the server has not said.
        var life: Double?
        var renewal: Renewal?
        /// A token that was refused although it was new, and when: calls that get 401 whatever they carry must not have every one
        /// after it renewed.
        var futile: (generation: Int, at: Date)?
    }

    /// For so long a 401 has nothing renewed after one that a new token did not help against.
    private static let patience = 60.0
    /// The share of its life after which a token is renewed.
    private static let share = 0.8

    private let state = Guarded(State())
    private let source: TokenSource
    private let client: ResilientHTTPClient
    private let wallClock: @Sendable () -> Date

    /// - Parameters:
    ///   - transport: What sends the requests for tokens.
    ///   - wallClock: What tells when a token is old.
    init(
        _ source: TokenSource, transport: any HTTPTransport, clock: any TimerClock,
        wallClock: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        self.source = source
        self.wallClock = wallClock
        var options = ResilientHTTPClientOptions()
        options.totalTimeout = .seconds(60)
        // Asking twice gives two tokens and does no harm.
        options.rule = RepeatRule(repeatsUnsafe: true)
        options.clock = clock
        client = try ResilientHTTPClient(transport: transport, options: options)
    }

    /// The value of the header that calls carry.
    static func header(of source: TokenSource) -> (name: String, value: String) {
        (source.header, source.frame.before + mark + source.frame.after)
    }

    /// Whether a call has no header of its own in the token's place.
    static func isCarried(by call: HTTPCall) -> Bool { call.headers.contains { $0.value.contains(mark) } }

    /// `call` with the token in the place of the mark.
    func filled(_ call: HTTPCall) -> HTTPCall {
        guard let index = call.headers.firstIndex(where: { $0.value.contains(Self.mark) }) else { return call }
        var call = call
        call.headers[index].value.replace(Self.mark, with: state.withLock { $0.token } ?? "")
        return call
    }

    /// Returns when there is a token that is good.
    ///
    /// - Throws: ``BatchError`` if there is none to be had.
    /// - Returns: The token's number.
    func ready() async throws -> Int {
        let now = wallClock()
        let (generation, renewal) = state.withLock { state -> (Int, Renewal?) in
            let age = now.timeIntervalSince(state.since) / (state.life ?? .infinity)
            // A clock that was put back makes a token's age unknown.
            let isKnown = state.token != nil && age >= 0
            if isKnown, age < Self.share { return (state.generation, nil) }
            let renewal = renew(&state)
            return (state.generation, isKnown && age < 1 ? nil : renewal)
        }
        guard let renewal else { return generation }
        try await renewal.value.get()
        try Task.checkCancellation()
        return state.withLock { $0.generation }
    }

    /// A call that carried token `number` was answered with 401.
    ///
    /// - Parameter isFirst: Whether it was not made anew before for that reason.
    /// - Returns: Whether another token is there now, so that the call should be made once more.
    func refused(_ number: Int, isFirst: Bool) async throws -> Bool {
        let now = wallClock()
        let (isNew, renewal) = state.withLock { state -> (Bool, Renewal?) in
            guard isFirst else {
                state.futile = (number, now)
                return (false, nil)
            }
            guard number == state.generation else { return (true, nil) }
            if let futile = state.futile, futile.generation == number,
                (0..<Self.patience).contains(now.timeIntervalSince(futile.at))
            {
                return (false, nil)
            }
            return (true, renew(&state))
        }
        guard let renewal else { return isNew }
        try await renewal.value.get()
        try Task.checkCancellation()
        return true
    }

    /// Ends what is under way.
    func close() { state.withLock { $0.renewal }?.cancel() }

    /// The request that is under way, or a new one. Called under the lock.
    private func renew(_ state: inout State) -> Renewal {
        if let renewal = state.renewal { return renewal }
        let renewal = Renewal { await self.ask() }
        state.renewal = renewal
        return renewal
    }

    private func ask() async -> Result<Void, BatchError> {
        let asked = wallClock()
        let result: Result<(token: String, life: Double?), Problem>
        do {
            let reply = try await client.execute(source.call)
            result = Result { () throws(Problem) in try Self.read(reply) }
        } catch {
            result = .failure(Problem(reason: "\(error)"))
        }
        return state.withLock { state in
            state.renewal = nil
            switch result {
            case .success(let (token, life)):
                (state.token, state.life, state.since) = (token, life, asked)
                state.generation += 1
                return .success(())
            case .failure(let problem) where state.generation == 0:
                return .failure(.configuration("no token from --token-url: \(problem.reason)"))
            case .failure(let problem):
                return .failure(
                    .store("the token can't be renewed: \(problem.reason); rows that are left wait for --resume"))
            }
        }
    }

    private struct Problem: Error { var reason: String }

    /// What a server says of why is shown only where it is one of the short codes of RFC 6749 §5.2: it may hold what was sent.
    private static func read(_ reply: HTTPReply) throws(Problem) -> (token: String, life: Double?) {
        let body = ResultEncoder.json(reply) ?? []
        func value(_ name: String) -> JSONText? { (try? JSONPath("." + name))?.value(in: body) }
        guard (200..<300).contains(reply.status) else {
            let code = value("error")?.stringValue.flatMap { $0.wholeMatch(of: /[a-z_]{3,40}/) == nil ? nil : $0 }
            throw Problem(reason: "it answered with status \(reply.status)\(code.map { ", \($0)" } ?? "")")
        }
        guard let token = value("access_token")?.stringValue, !token.isEmpty,
            HeaderRules.problem(name: "Authorization", value: token) == nil
        else { throw Problem(reason: "its answer has no access_token that a header could carry") }
        let life = value("expires_in").flatMap { Double($0.stringValue ?? $0.text) }
        return (token, life.flatMap { $0 > 0 ? $0 : nil })
    }
}

/// Puts the token into calls, at the last moment.
struct TokenTransport: HTTPTransport {
    var base: any HTTPTransport
    var keeper: TokenKeeper

    func send(_ call: HTTPCall) async throws -> HTTPReply { try await base.send(keeper.filled(call)) }
}
#endif
