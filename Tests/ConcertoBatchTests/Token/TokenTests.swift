#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct TokenTests {
    private let setup: RunSetup
    /// The wall clock, which is not the one that waits are measured by.
    private let wall = Shared(Date(timeIntervalSince1970: 1_000_000))

    // Nearer than the time that a token may take, which a busy machine would otherwise let pass before it is asked for.
    init() throws { setup = try RunSetup(horizon: .seconds(50)) }

    private func options(_ change: (inout BatchOptions) -> Void = { _ in }) -> BatchOptions {
        setup.options {
            $0.token = TokenSource(url: "http://auth/token")
            $0.token?.client = ("me", "S3cret:/client")
            change(&$0)
        }
    }

    private func rows(_ count: Int, _ more: String = "") -> String {
        (1...count).map { "{\"url\":\"http://h/\($0)\"\(more)}\n" }.joined()
    }

    private static func token(_ number: Int, life: String = "100") -> HTTPReply {
        HTTPReply(
            status: 200,
            body: ByteBuffer(
                string: #"{"access_token":"S3cret.\#(number)","token_type":"Bearer","expires_in":\#(life)}"#))
    }

    private func run(_ options: BatchOptions, _ transport: ScriptedTransport) throws -> BatchRun {
        try BatchRun(
            options, transport: transport, clock: setup.clock, wallClock: { [wall] in wall.value })
    }

    private static func carried(_ call: HTTPCall) -> String? {
        call.headers.first { $0.name == "Authorization" }?.value
    }

    @Test func `a token is asked for once for all, is carried by all, and stands in no file`() async throws {
        try setup.folder.write("input", rows(50))
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" {
                #expect(
                    call.method == "POST"
                        && String(decoding: call.body ?? [], as: UTF8.self) == "grant_type=client_credentials")
                #expect(Self.carried(call) == "Basic " + Data("me:S3cret%3A%2Fclient".utf8).base64EncodedString())
                return Self.token(number)
            }
            return Self.carried(call) == "Bearer S3cret.1" ? .status(200) : .status(401)
        }
        let summary = try await setup.finish(try run(options { $0.showsHeaders = true }, transport))
        #expect(summary.succeeded == 50 && transport.urls.filter { $0 == "http://auth/token" }.count == 1)
        for name in try FileManager.default.contentsOfDirectory(atPath: setup.folder("")) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: setup.folder(name)))
            #expect(bytes.range(of: Data("S3cret".utf8)) == nil, "\(name)")
        }
    }

    @Test func `a token is renewed at four fifths of its life by the wall clock, while calls go on with the old one`()
        async throws
    {
        try setup.folder.write("input", rows(40))
        let wall = wall
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return Self.token(number) }
            // Each call takes four seconds of the wall clock, and none of the other.
            wall.change { $0 += 4 }
            return HTTPReply(status: 200, body: ByteBuffer(string: "\"\(Self.carried(call)?.suffix(1) ?? "")\""))
        }
        try await setup.finish(try run(options { $0.concurrency = 1 }, transport))
        let asked = transport.urls.enumerated().filter { $0.element == "http://auth/token" }.map(\.offset)
        // 40 calls of 4 s; a token is good for 100 s, and renewed from 80 s on.
        #expect(asked.count == 2 && (20...27).contains(asked.last ?? 0), "\(asked)")
    }

    @Test func `401 has a token renewed once for all who carried it, and each call made once more`() async throws {
        try setup.folder.write("input", rows(30, #","method":"POST""#))
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return Self.token(number, life: "null") }
            // Revoked after ten calls, long before its time.
            let row = Int(call.url.split(separator: "/").last ?? "") ?? 0
            return row > 10 && Self.carried(call) == "Bearer S3cret.1" ? .status(401) : .status(201)
        }
        let summary = try await setup.finish(try run(options { $0.concurrency = 8 }, transport))
        #expect(summary.succeeded == 30)
        #expect(transport.urls.filter { $0 == "http://auth/token" }.count == 2)
    }

    @Test func `calls that get 401 whatever they carry are made twice at most, and do not renew a good token each`()
        async throws
    {
        try setup.folder.write("input", rows(20))
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return Self.token(number) }
            return call.url.hasSuffix("5") ? .status(200) : .status(401)
        }
        let summary = try await setup.finish(try run(options { $0.concurrency = 1 }, transport))
        #expect(summary.failed == 18 && summary.statuses["401"] == 18)
        #expect(transport.urls.filter { $0 == "http://auth/token" }.count == 2)
        #expect(transport.arrivals.count == 20 + 2 + 1)
    }

    @Test func `a run that gets no token calls nothing and leaves nothing, and shows nothing of what it sent`()
        async throws
    {
        try setup.folder.write("input", rows(3))
        let transport = setup.transport { _, _ in
            HTTPReply(
                status: 401,
                body: ByteBuffer(string: #"{"error":"invalid_client","error_description":"S3cret:/client is wrong"}"#))
        }
        let error = await #expect(throws: BatchError.self) {
            // Time stands still: on a busy machine it would otherwise be over before the request is sent.
            try await run(options(), transport).run()
        }
        #expect(error?.kind == .configuration)
        #expect(error?.description == "no token from --token-url: it answered with status 401, invalid_client")
        #expect(transport.arrivals.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: setup.folder("")) == ["input"])
    }

    @Test func `a token that can't be renewed stops the run, and its rows wait for the next`() async throws {
        try setup.folder.write("input", rows(30))
        let wall = wall
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return number == 1 ? Self.token(1) : .status(400) }
            wall.change { $0 += 10 }
            return .status(200)
        }
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(try run(options { $0.concurrency = 1 }, transport))
        }
        #expect(error?.kind == .store && error?.description.contains("rows that are left wait for --resume") == true)
        let next = setup.transport { call, number in
            call.url == "http://auth/token" ? Self.token(number) : .status(200)
        }
        let summary = try await setup.finish(try run(options { $0.existing = .resume }, next))
        #expect(summary.failedAltogether == 0 && summary.succeeded + summary.alreadyFinished == 30)
        #expect(Set(transport.urls).intersection(next.urls) == ["http://auth/token"])
    }

    @Test func `a redirect to another origin carries no token`() async throws {
        try setup.folder.write("input", rows(1))
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return Self.token(number) }
            if call.url.hasPrefix("http://h/") {
                return HTTPReply(status: 302, headers: ["location": "http://other/"])
            }
            return call.headers.contains { $0.value.contains("S3cret") || $0.value.contains(TokenKeeper.mark) }
                ? .status(500) : .status(200)
        }
        let source = options {
            $0.followsRedirects = true
            $0.token?.header = "X-Mine"
            $0.token?.frame = ("", "")
        }
        #expect(try await setup.finish(try run(source, transport)).succeeded == 1)
    }

    @Test func `a row's own header goes before the token's`() async throws {
        try setup.folder.write("input", rows(1, #","headers":{"authorization":"own"}"#))
        let transport = setup.transport { call, number in
            if call.url == "http://auth/token" { return Self.token(number) }
            return call.headers.filter { $0.name.lowercased() == "authorization" }.map(\.value) == ["own"]
                ? .status(200) : .status(400)
        }
        #expect(try await setup.finish(try run(options(), transport)).succeeded == 1)
    }
}
#endif
