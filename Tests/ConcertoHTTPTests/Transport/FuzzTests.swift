#if HTTP
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing

@testable import ConcertoHTTP

/// What a server, a file of rows or a caller may send, in any order of bytes: whatever comes out, the process lives on.
///
/// `CONCERTO_FUZZ=10` does ten times as much: 100,000 answers, 100,000 addresses.
@Suite(.oneAtATime)
struct FuzzTests {
    private static let effort = max(
        1, ProcessInfo.processInfo.environment["CONCERTO_FUZZ"].flatMap { Int($0) } ?? 1)

    /// Answers to begin with; the fuzz puts them together and breaks them.
    private static let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n", "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 304 Same\r\nContent-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 12\r\n\r\nnot gzip....",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nuntil the end", "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 999 Z\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 407 P\r\n\r\n",
        "HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:99999/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 T\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=99999999999999999999\r\nContent-Length: 0\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "\r\n\r\n", "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nX: \u{0}\u{1}\r\n: y\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func answer(_ random: inout SeededRandom) -> RawServer.Answer {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            var part = answers.randomElement(using: &random)!
            for _ in 0..<[0, 0, 1, 1, 2, 5].randomElement(using: &random)! { mutate(&part, &random) }
            bytes += part
        }
        return RawServer.Answer(bytes, closes: Int.random(in: 0..<4, using: &random) > 0)
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let length = Int.random(in: 1...8, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + length))
        case 2: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + length)], at: place)
        case 3: bytes.insert(contentsOf: Array("\r\n".utf8), at: place)
        case 4: bytes.removeLast(bytes.count - place)
        default:
            let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
            if let digit = digits.randomElement(using: &random) {
                bytes[digit] = UInt8.random(in: 0x30...0x39, using: &random)
            }
        }
    }

    @Test func `no answer ends the process, and each call ends`() async throws {
        let random = Mutex(seededRandom())
        let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "X"]
        let count = 10_000 * Self.effort
        try await RawServer.run({ _, _ in random.withLock { Self.answer(&$0) } }) { server in
            var options = HTTPTransportOptions()
            options.maximumBody = 1_000
            let transport = try AsyncHTTPClientTransport(options: options)
            let ends = Shared<[String: Int]>([:])
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<8 {
                    group.addTask {
                        for number in 0..<(count / 8) {
                            let method = methods[(worker + number) % methods.count]
                            let call = HTTPCall(
                                method: method, url: "\(server.url)/\(number)",
                                body: method == "POST" || method == "PUT" ? [1, 2, 3] : nil)
                            // An answer that promises more than comes, on a connection that stays open, is waited for.
                            let end = await Self.end(of: call, transport)
                            ends.change { $0[end, default: 0] += 1 }
                        }
                    }
                }
            }
            try await transport.shutdown()
            #expect(ends.value.values.reduce(0, +) == count / 8 * 8)
            #expect(ends.value["invalid"] == nil)
            #expect(ends.value["answer", default: 0] > count / 20 && ends.value["protocol", default: 0] > count / 20)
        }
    }

    private static func end(of call: HTTPCall, _ transport: AsyncHTTPClientTransport) async -> String {
        do {
            try await withDeadline(in: .milliseconds(50)) { _ = try await transport.send(call) }
            return "answer"
        } catch let failure as HTTPFailure {
            return failure.kind.rawValue
        } catch {
            return "waiting"
        }
    }

    @Test func `H1 no answer of a proxy ends the process, to a tunnel nor without one`() async throws {
        let random = Mutex(seededRandom())
        let count = 1_000 * Self.effort
        try await RawServer.run({ _, _ in random.withLock { Self.answer(&$0) } }) { server in
            var options = HTTPTransportOptions()
            options.proxy = HTTPProxy("127.0.0.1:\(server.port)")
            options.connectTimeout = .milliseconds(100)
            let transport = try AsyncHTTPClientTransport(options: options)
            for number in 0..<count {
                _ = await Self.end(of: HTTPCall(url: "\(number % 2 == 0 ? "https" : "http")://h\(number)/"), transport)
            }
            try await transport.shutdown()
        }
    }

    private static func text(_ random: inout SeededRandom) -> String {
        let parts = [
            "http", "https", "HTTP", "://", ":", "/", "//", "?", "#", "@", "[", "]", "::1", "127.0.0.1", "localhost",
            "h", "..", ".", "%", "%2", "%41", "%zz",
            "%00", "65535", "65536", "99999", "-1", "0", " ", "\t", "\r\n", "\u{0}", "é", "日本", "😀", "|", "\\", "\"",
            "<", "{", "}", "^", "`", "=", "&", "+", ";", "user",
            "ftp", "unix", "http+unix", "javascript", "xn--", "%25eth0", "\u{202E}", "۱", "e\u{301}",
        ]
        var text = Bool.random(using: &random) ? "http://" : ""
        for _ in 0..<Int.random(in: 0...10, using: &random) { text += parts.randomElement(using: &random)! }
        return text
    }

    @Test func `H2 T7 no address ends the process, and one that is read is read the same way by everybody`() throws {
        var random = seededRandom()
        var read = 0
        for _ in 0..<(10_000 * Self.effort) {
            let text = Self.text(&random)
            let call = HTTPCall(url: text)
            guard let address = try? HTTPAddress(text) else {
                #expect(call.host == "" && (try? call.prepared()) == nil)
                continue
            }
            read += 1
            #expect(
                (try? HTTPAddress(address.url)).map { $0.url == address.url && $0.host == address.host } == true,
                "\(text.debugDescription)")
            #expect(address.url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "\(text.debugDescription)")
            let parsed = URL(string: address.url)
            #expect(
                parsed?.scheme?.lowercased() == address.scheme && (parsed?.port ?? address.port) == address.port,
                "\(text.debugDescription)")
            #expect(
                parsed?.user == nil && parsed?.fragment == nil && parsed?.host?.isEmpty == false,
                "\(text.debugDescription)")
        }
        #expect(read > 500)
    }

    @Test func `H2 no Location ends the process, and one that is followed is http or https`() {
        var random = seededRandom()
        for _ in 0..<(10_000 * Self.effort) {
            var redirects = Redirects(RedirectRule())
            let call = HTTPCall(url: "http://127.0.0.1:1/a/b?c")
            let reply = HTTPReply(
                status: [301, 302, 303, 307, 308].randomElement(using: &random)!,
                headers: ["Location": Self.text(&random)])
            guard let next = try? redirects.next(after: reply, to: call) else { continue }
            let prepared = try? next.prepared()
            #expect(prepared != nil && prepared?.address.host == next.host, "\(reply.headers)")
        }
    }

    @Test func `no header ends the process, and AsyncHTTPClient refuses none that is let through`() async throws {
        var random = seededRandom()
        try await RawServer.run({ _, _ in .ok("") }) { server in
            let transport = AsyncHTTPClientTransport()
            for _ in 0..<(500 * Self.effort) {
                let name = Self.text(&random)
                let value = Self.text(&random)
                let call = HTTPCall(url: server.url, headers: [(name, value), ("X", value)])
                let isFine = HeaderRules.problem(name: name, value: value) == nil
                do {
                    _ = try await transport.send(call)
                    #expect(isFine)
                } catch let failure as HTTPFailure {
                    #expect(
                        !isFine && failure.kind == .invalid,
                        "\(name.debugDescription): \(value.debugDescription), \(failure)")
                }
            }
            #expect(server.requests.allSatisfy { !$0.head.contains("concerto-attempt") })
        }
    }
}
#endif
