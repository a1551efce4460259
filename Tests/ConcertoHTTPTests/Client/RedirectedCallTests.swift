#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoResilience
import ConcertoTesting
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@Suite(.oneAtATime)
struct RedirectedCallTests {
    private let clock = ManualClock()

    private func options(_ change: (inout ResilientHTTPClientOptions) -> Void = { _ in }) -> ResilientHTTPClientOptions
    {
        var options = ResilientHTTPClientOptions()
        options.clock = clock
        // Beyond the horizon of `drive`: a task that is slow on its way is no attempt that takes too long.
        options.timeout = .seconds(10_000)
        options.redirects = RedirectRule()
        options.random = .seeded(1)
        change(&options)
        return options
    }

    private static func redirect(_ location: String, _ status: Int = 302) -> HTTPReply {
        HTTPReply(status: status, headers: ["Location": location])
    }

    /// Runs `call` in virtual time.
    private func result(
        _ call: HTTPCall, _ client: ResilientHTTPClient, _ delegate: Recorder = Recorder()
    ) async -> Result<HTTPReply, any Error> {
        let task = Task { try await client.execute(call, delegate: delegate) }
        let ended = Flag()
        let watch = Task {
            _ = await task.result
            ended.set()
        }
        await drive(clock) { ended.isSet }
        await watch.value
        return await task.result
    }

    @Test func `a redirect is an answer unless it is to be followed`() async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in Self.redirect("http://b/") }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.redirects = nil })
        #expect(try await result(HTTPCall(url: "http://a/"), client).get().status == 302)
        #expect(transport.urls.count == 1)
    }

    @Test func `T24 each hop is an attempt that is counted and paced`() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in
            call.host == "b:80" ? .status(200) : Self.redirect("http://b/")
        }
        let clock = clock
        let client = try ResilientHTTPClient(
            transport: transport,
            options: options { $0.limiter = RateLimiter(.smooth(1, per: .seconds(1), burst: 1), clock: clock) })
        let recorder = Recorder()
        #expect(try await result(HTTPCall(url: "http://a/"), client, recorder).get().status == 200)
        #expect(
            recorder.events.filter { $0.contains("Send") } == [
                "willSend 1", "didSend 302", "willSend 2", "didSend 200",
            ])
        #expect(transport.arrivals.map(\.host) == ["a:80", "b:80"])
        let times = transport.arrivals.map(\.time)
        #expect(times[0].duration(to: times[1]) == .seconds(1))
    }

    @Test func `H11 the host that asks for patience gets it, not the one that redirected`() async throws {
        let transport = ScriptedTransport(clock: clock) { call, number in
            if call.host == "a:80" { return Self.redirect("http://b/") }
            return number == 1 ? HTTPReply(status: 429, headers: ["Retry-After": "2"]) : .status(200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        #expect(try await result(HTTPCall(url: "http://a/"), client).get().status == 200)
        #expect(transport.arrivals.map(\.host) == ["a:80", "b:80", "b:80"])
        let hosts = client.hostStatistics
        #expect(hosts["b:80"]?.pausedTotal == .seconds(2) && hosts["a:80"]?.pausedTotal == .zero)
    }

    @Test func `H10 a circle ends the call at once, and it is not repeated`() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in
            Self.redirect(call.url.hasSuffix("1") ? "/2" : "/1")
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let failure = await #expect(throws: HTTPFailure.self) {
            try await result(HTTPCall(url: "http://a/1"), client).get()
        }
        #expect(failure?.kind == .redirect)
        #expect(transport.urls == ["http://a/1", "http://a/2"])
    }

    @Test func `H10 one redirect more than allowed ends the call, and it is not repeated`() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in Self.redirect(call.url + "x") }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let failure = await #expect(throws: HTTPFailure.self) {
            try await result(HTTPCall(url: "http://a/"), client).get()
        }
        #expect(failure?.kind == .redirect && transport.urls.count == 11)
    }

    @Test(arguments: ["http://127.0.0.1:99999/", "http://[::1]:99999/", "ftp://b/", "file:///etc/passwd"])
    func `H2 T24 where nobody can follow, the call fails`(location: String) async throws {
        let transport = ScriptedTransport(clock: clock) { _, _ in Self.redirect(location) }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let failure = await #expect(throws: HTTPFailure.self) {
            try await result(HTTPCall(url: "http://a/"), client).get()
        }
        #expect(failure?.kind == .redirect && transport.urls.count == 1)
    }

    @Test func `T24 a target that is down is blamed, and what came before is not forgotten`() async throws {
        let transport = ScriptedTransport(clock: clock) { call, _ in
            if call.host == "a:80" { return Self.redirect("http://b/", 307) }
            throw HTTPFailure(.connect, mayHaveBeenSent: false, "no connection to \(call.host): Connection refused")
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.maxRetries = 0 })
        let failure = await #expect(throws: HTTPFailure.self) {
            try await result(HTTPCall(method: "POST", url: "http://a/", body: [1]), client).get()
        }
        #expect(failure?.description == "after a redirect: no connection to b:80: Connection refused")
        // The first host may have done something before it sent the caller on.
        #expect(failure?.mayHaveBeenSent == true)
    }

    @Test func `T24 a call that changes something tells nobody that it could begin anew, once it was redirected`()
        async throws
    {
        let transport = ScriptedTransport(clock: clock) { call, number in
            if call.host == "a:80" { return Self.redirect("http://b/", 303) }
            return .status(number == 1 ? 500 : 200)
        }
        let client = try ResilientHTTPClient(transport: transport, options: options())
        let repeats = Shared<[Bool]>([])
        let reply = try await result(
            HTTPCall(method: "POST", url: "http://a/", body: [1]), client,
            Recorder(ended: { result in
                if case .answered(_, let mayRepeat) = result { repeats.change { $0.append(mayRepeat) } }
            })
        ).get()
        #expect(reply.status == 200 && repeats.value == [false, false, false])
    }

    @Test func `the total time is that of all hops`() async throws {
        let clock = clock
        // Each answer takes two seconds, and the third comes after the time is over.
        let transport = ScriptedTransport(clock: clock) { call, _ in
            clock.advance(by: .seconds(2))
            return Self.redirect(call.url + "x")
        }
        let client = try ResilientHTTPClient(transport: transport, options: options { $0.totalTimeout = .seconds(5) })
        let failure = await #expect(throws: HTTPFailure.self) { try await client.execute(HTTPCall(url: "http://a/")) }
        #expect(failure?.kind == .timeout && failure?.mayHaveBeenSent == true)
        #expect(transport.urls.count == 3)
    }

    @Test func `H8 T8 no secret reaches another origin over the wire`() async throws {
        try await RawServer.run({ _, _ in .ok("there") }) { target in
            try await RawServer.run({ _, _ in .status(302, "Location: \(target.url)/to\r\n") }) { source in
                var options = ResilientHTTPClientOptions()
                options.redirects = RedirectRule(secretHeaders: ["x-mine"])
                let client = try ResilientHTTPClient(transport: AsyncHTTPClientTransport(), options: options)
                let names = ["Authorization", "Cookie", "X-Api-Key", "Api-Key", "PRIVATE-TOKEN", "X-Mine"]
                let url = "http://user:s3cr3t@127.0.0.1:\(source.port)/from"
                let reply = try await client.execute(
                    HTTPCall(url: url, headers: names.map { ($0, "s3cr3t") } + [("Accept", "x")]))
                #expect(String(buffer: reply.body) == "there")
                #expect(source.requests.first?.head.contains("s3cr3t") == true)
                let request = try #require(target.requests.first)
                #expect(request.target == "/to" && request.header("accept") == ["x"])
                for name in names { #expect(request.header(name.lowercased()).isEmpty) }
            }
        }
    }
}
#endif
