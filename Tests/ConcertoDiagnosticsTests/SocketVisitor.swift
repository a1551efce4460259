#if os(Linux)
import Foundation
import Synchronization

/// A client of a process's socket, whose calls wait on threads of their own.
final class SocketVisitor: Sendable {
    let descriptor: Int32
    private let received = Received()

    private final class Received: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        func withLock<Result>(_ body: (inout [UInt8]) -> Result) -> Result { bytes.withLock { body(&$0) } }
    }

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if code != 0 { throw CocoaError(.fileReadUnknown) }
    }

    deinit { close(descriptor) }

    func send(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The next line; `nil` at the end.
    func line() async -> [String: any Sendable]? {
        let text = await Self.onThread { [descriptor, received] () -> String? in
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let line = received.withLock { received -> String? in
                    guard let end = received.firstIndex(of: 0x0A) else { return nil }
                    defer { received.removeSubrange(...end) }
                    return String(decoding: received[..<end], as: UTF8.self)
                }
                if let line { return line }
                let count = recv(descriptor, &chunk, chunk.count, 0)
                guard count > 0 else { return nil }
                received.withLock { $0 += chunk[..<count] }
            }
        }
        return text.flatMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: any Sendable]
        }
    }

    /// Waits for the other side to close; what comes before it is read away.
    func end() async {
        await Self.onThread { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: 65_536)
            while recv(descriptor, &bytes, bytes.count, 0) > 0 {}
        }
    }

    /// Waits until the other side has closed, and reads nothing.
    func hangUp() async {
        await Self.onThread { [descriptor] in
            var wait = pollfd(fd: descriptor, events: 0, revents: 0)
            while poll(&wait, 1, -1) < 0 {}
        }
    }

    static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
#endif
