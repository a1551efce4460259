#if CLI
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoStreams
import ConcertoTesting
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

/// A server of events as a test writes it: what each connection, from 1, brings.
private final class EventServer: HTTPStreamTransport {
    struct Connection: Sendable {
        var status = 200
        var headers: HTTPHeaders = ["content-type": "text/event-stream"]
        var pieces: [String] = []
        /// How it ends; `nil` for in good order.
        var failure: HTTPFailure?
        /// Whether it stays open after its last piece, until it is left.
        var staysOpen = false
    }

    struct Arrival: Sendable {
        let call: HTTPCall
        let time: Duration

        func header(_ name: String) -> String? { call.headers.first { $0.name.lowercased() == name }?.value }
    }

    let clock: ManualClock
    let arrivals = Shared<[Arrival]>([])
    let bodies = Shared(0)
    private let start: TimerInstant
    private let script: @Sendable (_ number: Int) throws -> Connection

    init(_ clock: ManualClock = ManualClock(), _ script: @escaping @Sendable (Int) throws -> Connection) {
        self.clock = clock
        start = clock.now
        self.script = script
    }

    var times: [Duration] { arrivals.value.map(\.time) }
    var ids: [String?] { arrivals.value.map { $0.header("last-event-id") } }

    func open(_ call: HTTPCall) async throws -> HTTPStreamReply {
        arrivals.change { $0.append(Arrival(call: call, time: start.duration(to: clock.now))) }
        let connection = try script(arrivals.value.count)
        let bodies = self.bodies
        let sleeper = clock
        let body = AsyncGenerator<ByteBuffer> { yield in
            bodies.change { $0 += 1 }
            defer { bodies.change { $0 -= 1 } }
            for piece in connection.pieces { try await yield(ByteBuffer(string: piece)) }
            if connection.staysOpen { try await sleeper.sleep(for: .seconds(100_000)) }
            if let failure = connection.failure { throw failure }
        }
        return HTTPStreamReply(status: connection.status, headers: connection.headers, body: HTTPBody(body))
    }
}

private let broken = HTTPFailure(.closed, mayHaveBeenSent: true, "the connection broke")

@Suite(.oneAtATime)
struct EventSourceTests {
    private let call = HTTPCall(url: "http://example.com/prices?token=secret")

    /// Two seconds, then four, eight and so on up to a minute, without jitter.
    private func options(
        _ clock: ManualClock, _ change: (inout EventSourceOptions) -> Void = { _ in }
    ) -> EventSourceOptions {
        var options = EventSourceOptions()
        options.clock = clock
        options.backoff = .exponential(base: .seconds(2), cap: .seconds(60), jitter: .none)
        // A list of deadlines keeps its timer when an opening is over: one that is nearer than what `drive` advances to would
        // pass whenever the pause's own timer comes a millisecond late.
        options.openTimeout = .seconds(10_000)
        change(&options)
        return options
    }

    /// The events of `server` up to the end of the loop, and what ended it, while time runs.
    private func read(
        _ server: EventServer, call: HTTPCall? = nil, upTo count: Int = .max, _ options: EventSourceOptions
    ) async throws -> (events: [ServerSentEvent], error: (any Error)?) {
        let source = try server.events(call ?? self.call, options: options)
        let events = Shared<[ServerSentEvent]>([])
        let isDone = Flag()
        let task = Task {
            defer { isDone.set() }
            for try await event in source {
                events.change { $0.append(event) }
                if events.value.count == count { break }
            }
        }
        await drive(server.clock) { isDone.isSet }
        let result = await task.result
        await until { server.bodies.value == 0 }
        guard case .failure(let error) = result else { return (events.value, nil) }
        return (events.value, error)
    }

    @Test func `a connection that ends is made again with the last id, and 204 ends the loop`() async throws {
        let server = EventServer { number in
            switch number {
            case 1: .init(pieces: ["id: 1\ndata: a\n\nid: 2\nda", "ta: b\n\nid: 3\ndata: unfinished\n"])
            case 2: .init(pieces: ["id: 3\ndata: c\n\n"], failure: broken)
            default: .init(status: 204, headers: [:])
            }
        }
        let (events, error) = try await read(server, options(server.clock))
        #expect(events.map(\.data) == ["a", "b", "c"] && error == nil)
        #expect(events.map(\.id) == ["1", "2", "3"])
        #expect(server.ids == [nil, "2", "3"])
        // Each had brought events: the pause is the first one.
        #expect(server.times == [.zero, .seconds(2), .seconds(4)])
        #expect(server.arrivals.value[0].header("accept") == "text/event-stream")
        #expect(server.arrivals.value[0].header("cache-control") == "no-store")
    }

    @Test func `the pauses grow while no event comes, on top of the time that the server has sent`() async throws {
        let server = EventServer { number in
            switch number {
            case 1: .init(pieces: ["retry: 500\n\n"])
            case 2: throw broken
            case 3: .init()
            case 4: .init(pieces: ["data: a\n\n"])
            default: .init(status: 204)
            }
        }
        let (events, error) = try await read(server, options(server.clock))
        #expect(events.map(\.data) == ["a"] && error == nil)
        #expect(
            server.times == [.zero, .seconds(2.5), .seconds(7), .seconds(15.5), .seconds(18)], "\(server.times)")
    }

    @Test func `a server that asks for more time than anybody has gets what is allowed`() async throws {
        let server = EventServer { number in
            switch number {
            case 1: .init(pieces: ["retry: 99999999999\ndata: a\n\n"])
            case 2: .init(status: 503, headers: ["retry-after": "1000000"])
            default: .init(status: 204)
            }
        }
        let options = options(server.clock) { $0.maximumPause = .seconds(10) }
        _ = try await read(server, options)
        #expect(server.times == [.zero, .seconds(12), .seconds(26)], "\(server.times)")
    }

    @Test func `a status that says later is a failure, and Retry-After is kept to`() async throws {
        let server = EventServer { number in
            switch number {
            case 1: .init(status: 429, headers: ["retry-after": "7"])
            case 2: .init(status: 500)
            default: .init(pieces: ["data: a\n\n"])
            }
        }
        let (events, error) = try await read(server, upTo: 1, options(server.clock))
        #expect(events.count == 1 && error == nil)
        #expect(server.times == [.zero, .seconds(9), .seconds(13)], "\(server.times)")
    }

    @Test(arguments: [200, 404, 401, 302])
    func `anything that is no stream of events ends the loop and names the address without its query`(
        status: Int
    ) async throws {
        let server = EventServer { _ in .init(status: status, headers: ["content-type": "text/html; charset=utf-8"]) }
        let (events, error) = try await read(server, options(server.clock))
        #expect(events.isEmpty && server.times == [.zero])
        let url = "http://example.com:80/prices"
        #expect(
            error as? EventSourceError
                == (status == 200
                    ? .contentType("text/html; charset=utf-8", url: url) : .status(status, url: url)),
            "\(error as Any)")
    }

    @Test(arguments: ["text/event-stream", "Text/Event-Stream;charset=utf-8", "text/event-stream ; x=y"])
    func `the content type may carry parameters, in any case`(type: String) async throws {
        let server = EventServer { _ in .init(headers: ["content-type": type], pieces: ["data: a\n\n"]) }
        #expect(try await read(server, upTo: 1, options(server.clock)).events.count == 1)
    }

    @Test func `a failure that would repeat itself ends the loop at once`() async throws {
        let lasting = HTTPFailure(.dns, mayHaveBeenSent: false, isLasting: true, "no such name")
        let server = EventServer { _ in throw lasting }
        #expect(try await read(server, options(server.clock)).error as? HTTPFailure == lasting)
        #expect(server.times == [.zero])
    }

    @Test func `so many failures without an event end the loop with the last`() async throws {
        let server = EventServer { number in
            if number <= 2 { throw broken }
            if number == 3 { return .init(pieces: ["data: a\n\n"], failure: broken) }
            return number == 6 ? .init(status: 503) : .init()
        }
        let (events, error) = try await read(server, options(server.clock) { $0.maximumFailures = 3 })
        #expect(events.count == 1 && server.times.count == 6)
        #expect(error as? EventSourceError == .status(503, url: "http://example.com:80/prices"), "\(error as Any)")
        let silent = EventServer { _ in .init() }
        let end = try await read(silent, options(silent.clock) { $0.maximumFailures = 1 }).error as? HTTPFailure
        #expect(silent.times.count == 2 && end?.kind == .closed, "\(end as Any)")
    }

    @Test func `a connection that is silent for too long is made again, and comments keep it`() async throws {
        let server = EventServer { number in
            number == 1 ? .init(pieces: [": hello\n\n"], staysOpen: true) : .init(pieces: ["data: a\n\n"])
        }
        let (events, _) = try await read(server, upTo: 1, options(server.clock) { $0.idleLimit = .seconds(30) })
        #expect(events.count == 1)
        #expect(server.times == [.zero, .seconds(32)], "\(server.times)")
    }

    @Test func `a connection that held long without an event is no failure`() async throws {
        let server = EventServer { number in
            number <= 3 ? .init(staysOpen: true) : .init(pieces: ["data: a\n\n"])
        }
        let options = options(server.clock) {
            $0.idleLimit = .seconds(100)
            $0.maximumFailures = 1
        }
        #expect(try await read(server, upTo: 1, options).events.count == 1)
        #expect(server.times == [.zero, .seconds(102), .seconds(204), .seconds(306)], "\(server.times)")
    }

    @Test func `a call that must not arrive twice is made once: its end is the loop's`() async throws {
        var call = call
        call.method = "POST"
        let server = EventServer { _ in .init(pieces: ["data: a\n\ndata: b\n\n"]) }
        let (events, error) = try await read(server, call: call, options(server.clock))
        #expect(events.map(\.data) == ["a", "b"] && error == nil && server.times == [.zero])
        let failing = EventServer { _ in .init(pieces: ["data: a\n\n"], failure: broken) }
        #expect(try await read(failing, call: call, options(failing.clock)).error as? HTTPFailure == broken)
        let told = EventServer { .init(status: $0 == 1 ? 200 : 204, pieces: ["data: a\n\n"]) }
        let options = options(told.clock) { $0.reconnects = true }
        #expect(try await read(told, call: call, options).events.count == 1)
        #expect(told.times.count == 2)
    }

    @Test func `redirects are followed anew for each connection`() async throws {
        let server = EventServer { number in
            switch number {
            case 1, 3: .init(status: 307, headers: ["location": "/other"])
            case 2: .init(pieces: ["id: 1\ndata: a\n\n"])
            default: .init(status: 204)
            }
        }
        #expect(try await read(server, options(server.clock)).events.count == 1)
        #expect(server.arrivals.value.map { $0.call.url.hasSuffix("/other") } == [false, true, false, true])
        #expect(server.ids == [nil, nil, "1", "1"])
    }

    @Test func `an event over its limit ends the loop`() async throws {
        let server = EventServer { _ in .init(pieces: ["data: ok\n\ndata: 12345678901\n\n"]) }
        let (events, error) = try await read(server, options(server.clock) { $0.maximumEvent = 10 })
        #expect(events.map(\.data) == ["ok"])
        #expect(error as? EventTooLargeError == EventTooLargeError(line: 3, limit: 10), "\(error as Any)")
    }

    @Test func `changes are told in order, and cancellation ends a pause`() async throws {
        let server = EventServer { _ in .init(pieces: ["data: a\n\n"], failure: broken) }
        let changes = Shared<[String]>([])
        let options = options(server.clock) {
            $0.onChange = { change in
                changes.change { changes in
                    switch change {
                    case .opening(let number): changes.append("opening \(number)")
                    case .opened: changes.append("opened")
                    case .waiting(let pause, let error): changes.append("\(pause) after \(error.map { "\($0)" } ?? "")")
                    }
                }
            }
        }
        let source = try server.events(call, options: options)
        let task = Task { for try await _ in source {} }
        // A timer alone may be that of the opening.
        await until { changes.value.count == 3 }
        await server.clock.sleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(changes.value == ["opening 1", "opened", "2.0 seconds after the connection broke"])
        #expect(server.clock.pending == 0)
    }

    @Test func `options that cannot work are named`() {
        let server = EventServer { _ in .init() }
        var options = EventSourceOptions()
        options.idleLimit = .zero
        options.maximumEvent = 0
        options.backoff = .constant(.seconds(-1))
        let error = #expect(throws: InvalidOptionsError.self) { try server.events(call, options: options) }
        let text = error.map { "\($0)" } ?? ""
        for name in ["idleLimit", "maximumEvent", "backoff"] { #expect(text.contains(name), "\(text)") }
    }

    @Test func `over a real connection: events come while it is open, and leaving the loop closes it`() async throws {
        let transport = try AsyncHTTPClientTransport(options: HTTPTransportOptions())
        try await RawServer.run { request, number in
            let id = request.header("last-event-id").first ?? "0"
            let event = "id: \(number)\ndata: after \(id)\n\n"
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n"
            return RawServer.Answer(head + chunk, closes: number == 1)
        } _: { server in
            var options = EventSourceOptions()
            options.backoff = .constant(.zero)
            var seen: [String] = []
            for try await event in try transport.events(HTTPCall(url: server.url), options: options) {
                seen.append(event.data)
                if seen.count == 2 { break }
            }
            #expect(seen == ["after 0", "after 1"])
            await until { server.open == 0 }
        }
        try await transport.shutdown()
    }
}
#endif
