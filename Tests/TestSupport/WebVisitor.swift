#if os(Linux)
import Foundation
import Synchronization

/// A connection to an HTTP server of this machine, of which a test sees every byte. Its calls wait on threads of their own.
package final class WebVisitor: Sendable {
    private let descriptor: Int32
    private let received = Received()

    private final class Received: Sendable {
        private let bytes = Mutex(Data())
        func withLock<Result>(_ body: (inout Data) -> Result) -> Result { bytes.withLock { body(&$0) } }
    }

    /// An answer, taken apart.
    package struct Answer: Sendable {
        package var status: Int
        /// By name in lower case.
        package var headers: [String: String]
        package var body: String
    }

    /// - Parameter room: Bytes that the kernel keeps for this side while it does not read.
    package init(port: Int, room: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        if var room { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, 4) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if code != 0 { throw CocoaError(.fileReadUnknown) }
    }

    deinit { close(descriptor) }

    /// A port that nobody has just now.
    package static func freePort() -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, length)
                _ = getsockname(descriptor, address, &length)
            }
            return Int(in_port_t(bigEndian: pointer.pointee.sin_port))
        }
    }

    /// Asks for a path, and goes on reading by ``next(_:)``.
    package func ask(_ path: String, host: String, _ headers: [String: String] = [:], closes: Bool = false) {
        var text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if closes { text += "Connection: close\r\n" }
        send(text + "\r\n")
    }

    /// Sends what may be a part of a request, or several.
    package func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// What comes up to the next `separator`, and without it; `nil` at the end.
    package func next(_ separator: String) async -> String? {
        let end = Data(separator.utf8)
        return await Self.onThread { [descriptor, received] () -> String? in
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let piece = received.withLock { bytes -> String? in
                    // Megabytes may come, and a slow reader is what servers drop: this is fast in debug builds too.
                    guard let place = bytes.range(of: end) else { return nil }
                    defer { bytes = Data(bytes[place.upperBound...]) }
                    return String(decoding: bytes[..<place.lowerBound], as: UTF8.self)
                }
                if let piece { return piece }
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return nil }
                received.withLock { $0 += chunk[..<count] }
            }
        }
    }

    /// The next server-sent event that has data: its id and its data; `nil` at the end.
    package func event() async -> (id: String, name: String, data: String)? {
        while let text = await next("\n\n") {
            var event = (id: "", name: "", data: "")
            // Pieces of a body are framed: what is none of an event's lines is passed over.
            for line in text.split(whereSeparator: \.isNewline) {
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") { event.data = String(line.dropFirst(6)) }
            }
            if !event.data.isEmpty { return event }
        }
        return nil
    }

    /// What comes until the other side closes.
    package func rest() async -> String {
        await Self.onThread { [descriptor, received] in
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return received.withLock { String(decoding: $0, as: UTF8.self) } }
                received.withLock { $0 += chunk[..<count] }
            }
        }
    }

    /// Waits until the other side has closed, and reads nothing.
    package func hangUp() async {
        await Self.onThread { [descriptor] in
            var wait = pollfd(fd: descriptor, events: 0, revents: 0)
            while poll(&wait, 1, -1) < 0 {}
        }
    }

    /// One request on a connection of its own, to the end of its answer.
    package static func get(
        _ port: Int, _ path: String, host: String? = nil, _ headers: [String: String] = [:]
    ) async throws -> Answer {
        let visitor = try WebVisitor(port: port)
        visitor.ask(path, host: host ?? "127.0.0.1:\(port)", headers, closes: true)
        let text = await visitor.rest()
        guard let split = text.firstRange(of: "\r\n\r\n") else { throw CocoaError(.fileReadCorruptFile) }
        let lines = text[..<split.lowerBound].split(separator: "\r\n")
        var answer = Answer(status: 0, headers: [:], body: String(text[split.upperBound...]))
        answer.status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            answer.headers[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].drop { $0 == " " }.description
        }
        return answer
    }

    private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
#endif
