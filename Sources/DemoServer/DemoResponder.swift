#if CLI
import Foundation
import Hummingbird
import NIOCore

/// Answers the demo server's requests.
struct DemoResponder: Sendable {
    let misbehaviour: Misbehaviour
    let configuration: DemoServerConfiguration
    private let counters = DemoCounters()

    init(misbehaviour: Misbehaviour, configuration: DemoServerConfiguration) {
        (self.misbehaviour, self.configuration) = (misbehaviour, configuration)
    }

    @Sendable func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let call = "\(request.method.rawValue) \(request.uri.path)"
        switch misbehaviour.treat(call) {
        case .normal:
            if misbehaviour.isCalm { misbehaviour.note(call) }
            if let end = misbehaviour.takeTurn() { try await Task.sleep(until: end, clock: .continuous) }
            return try await answer(request)
        case .slow:
            try await Task.sleep(for: configuration.slowness)
            return try await answer(request)
        case .tooMany(let seconds):
            return Response(status: .tooManyRequests, headers: [.retryAfter: "\(seconds)"])
        case .unavailable:
            return Response(status: .serviceUnavailable)
        case .closed:
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(contentLength: 200) { writer in
                    try await writer.write(ByteBuffer(string: "{\"half\": true, "))
                    throw HalfWay()
                })
        }
    }

    /// Ends a connection in the middle of an answer.
    private struct HalfWay: Error {}

    private func answer(_ request: Request) async throws -> Response {
        let parts = request.uri.path.split(separator: "/").map(String.init)
        switch (request.method, parts.first, parts.dropFirst().first) {
        case (.get, "users", let id?):
            return json("{\"id\": \"\(id)\", \"name\": \"User \(id)\"}")
        case (.get, "text", let id?):
            return Response(
                status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: "Text \(id)\n")))
        case (.get, "binary", _?):
            return bytes(Array(0...255))
        case (.get, "large", let count?):
            return bytes(Array(repeating: UInt8(ascii: "x"), count: Int(count) ?? 0))
        case (.post, "orders", nil):
            return try await order(request)
        case (.get, "geocode", nil):
            return geocode(request)
        case (.post, "chat", nil):
            return try await chat(request)
        case (.post, "jobs", nil):
            return try await job(request)
        case (.get, "jobs", let id?):
            return look(at: id)
        case (.post, "token", nil):
            return json(
                "{\"access_token\": \"demo-\(counters.next("token"))\", \"token_type\": \"Bearer\", \"expires_in\": 60}"
            )
        case (.get, "private", _?):
            guard request.headers[.authorization]?.hasPrefix("Bearer demo-") == true else {
                return json("{\"error\": \"no token\"}", status: .unauthorized)
            }
            return json("{\"private\": true}")
        case (_, "status", let code?):
            return Response(status: .init(code: Int(code) ?? 500))
        case (_, "slow", let milliseconds?):
            try await Task.sleep(for: .milliseconds(Int(milliseconds) ?? 0))
            return json("{\"slow\": true}")
        case (.get, "pages", let count?) where parts.count == 4:
            return page(parts[3], of: count, called: parts[2])
        case (_, "echo", _):
            return try await echo(request)
        default:
            return Response(
                status: .notFound, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: "{\"error\": \"no such thing\"}")))
        }
    }

    private func order(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 10 << 20)
        guard (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) is [String: Any] else {
            return Response(
                status: .unprocessableContent, headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: "{\"error\": \"an order is a JSON object\"}")))
        }
        return json("{\"accepted\": \(String(buffer: body))}", status: .created)
    }

    /// A place that is made of the name, the same at each call.
    private func geocode(_ request: Request) -> Response {
        let name = request.uri.queryParameters["q"].map(String.init) ?? ""
        let hash = name.utf8.reduce(UInt32(7)) { ($0 &* 31 &+ UInt32($1)) % 100_000 }
        guard !name.isEmpty else { return json("[]") }
        return json("[{\"lat\": \(Double(hash) / 1_000 - 50), \"lon\": \(Double(hash % 360) - 180)}]")
    }

    /// A language model that counts tokens, and says the prompt backwards.
    private func chat(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 10 << 20)
        let object = (try? JSONSerialization.jsonObject(with: Data(body.readableBytesView))) as? [String: Any]
        guard let message = (object?["messages"] as? [[String: Any]])?.last?["content"] as? String else {
            return json("{\"error\": \"a chat has messages\"}", status: .unprocessableContent)
        }
        let text = String(message.reversed())
        let answer: [String: Any] = [
            "choices": [["text": text]], "usage": ["total_tokens": (message.utf8.count + text.utf8.count) / 4 + 1],
        ]
        let data = try JSONSerialization.data(withJSONObject: answer, options: [.sortedKeys])
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/json", .init("x-ratelimit-remaining-requests")!: "59",
                .init("x-ratelimit-reset-requests")!: "1s", .init("x-ratelimit-remaining-tokens")!: "80000",
                .init("x-ratelimit-reset-tokens")!: "6m0s",
            ], body: .init(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// Takes a job in, once for each `Idempotency-Key`, and says where to look.
    private func job(_ request: Request) async throws -> Response {
        _ = try await request.body.collect(upTo: 10 << 20)
        let key = request.headers.first { $0.name.rawName.lowercased() == "idempotency-key" }?.value
        let number = counters.number(of: key)
        return Response(status: .accepted, headers: [.location: "/jobs/\(number)"])
    }

    /// A job is done at the third look.
    private func look(at id: String) -> Response {
        counters.next("job " + id) < 3
            ? json("{\"state\": \"running\"}") : json("{\"state\": \"done\", \"result\": \"result of job \(id)\"}")
    }

    /// One of a list's pages, which tells where the next one stands.
    private func page(_ number: String, of count: String, called name: String) -> Response {
        let (number, count) = (Int(number) ?? 1, Int(count) ?? 1)
        let next = number < count ? "\"/pages/\(count)/\(name)/\(number + 1)\"" : "null"
        return json("{\"items\": [{\"list\": \"\(name)\", \"page\": \(number)}], \"next\": \(next)}")
    }

    private func echo(_ request: Request) async throws -> Response {
        let body = try await request.body.collect(upTo: 10 << 20)
        let headers = Dictionary(request.headers.map { ($0.name.rawName, $0.value) }) { "\($0), \($1)" }
        let content: [String: Any] = [
            "method": request.method.rawValue, "path": "\(request.uri)", "headers": headers,
            "body": String(buffer: body),
        ]
        let data = try JSONSerialization.data(withJSONObject: content, options: [.sortedKeys])
        return json(String(decoding: data, as: UTF8.self))
    }

    private func json(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private func bytes(_ content: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/octet-stream"],
            body: .init(byteBuffer: ByteBuffer(bytes: content)))
    }
}
#endif
