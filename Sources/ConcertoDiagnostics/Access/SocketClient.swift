#if os(Linux)
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One who has connected. Used by the socket's thread.
final class SocketClient {
    let descriptor: Int32
    /// Which one it is; the next may get its descriptor.
    let number: Int
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    /// Since when the output waits without a byte being read.
    private var stuckSince: Int64?
    private var hasGreeted = false
    private(set) var closes = false
    /// Set: it gets samples.
    var beat: SampleBeat?

    /// A request is short; a dump is not, and nothing more is kept for who does not read.
    private static let longestRequest = 64 << 10
    static let longestLine = 8 << 20
    private static let mostWaiting = 16 << 20

    init(_ descriptor: Int32, number: Int) { (self.descriptor, self.number) = (descriptor, number) }

    deinit { closeDescriptor(descriptor) }

    var wantsToWrite: Bool { !output.isEmpty }

    /// Nanoseconds for which nothing has been read.
    func stuck(now: Int64) -> Int64 { stuckSince.map { now - $0 } ?? 0 }

    func close() { closes = true }

    /// The lines that have come.
    func read() -> [[UInt8]] {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                input += chunk[..<count]
                if input.count > Self.longestRequest {
                    closes = true
                    return []
                }
                continue
            }
            if count == 0 || (errno != EAGAIN && errno != EINTR) { closes = true }
            break
        }
        var lines: [[UInt8]] = []
        while let end = input.firstIndex(of: 0x0A) {
            lines.append(Array(input[..<end]))
            input.removeSubrange(...end)
        }
        return lines
    }

    func send(_ line: String, now: Int64) {
        if output.isEmpty { stuckSince = now }
        output += Array(line.utf8)
        output.append(0x0A)
        write(now: now)
        if output.count > Self.mostWaiting { closes = true }
    }

    func fail(_ code: String, _ text: String, now: Int64) {
        let error = JSONObject {
            $0["code"] = .string(code)
            $0["text"] = .string(text)
        }
        send(JSONObject { $0["error"] = .object(error) }.text, now: now)
    }

    /// Writes what the client takes now.
    func write(now: Int64) {
        while !output.isEmpty {
            let count = output.withUnsafeBytes {
                sendBytes(descriptor, $0.baseAddress!, $0.count)
            }
            if count <= 0 {
                if count < 0, errno != EAGAIN, errno != EINTR { closes = true }
                return
            }
            output.removeFirst(count)
            stuckSince = output.isEmpty ? nil : now
        }
        stuckSince = nil
    }

    /// The request in a line; `nil` if there is nothing to do for it any more.
    func request(_ line: [UInt8], now: Int64) -> JSONObject? {
        guard let request = JSONReader.object(line) else {
            fail("malformed", "a request is an object of JSON on a line", now: now)
            closes = true
            return nil
        }
        guard case .number(let version)? = request["hello"] else {
            if hasGreeted { return request }
            fail("hello", "say {\"hello\":1} first", now: now)
            closes = true
            return nil
        }
        guard version == 1 else {
            fail("version", "this process speaks version 1, not \(version)", now: now)
            closes = true
            return nil
        }
        hasGreeted = true
        return request
    }
}

/// Inside of a type with methods of these names they are hidden.
private func closeDescriptor(_ descriptor: Int32) { _ = close(descriptor) }
private func sendBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    send(descriptor, bytes, count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
}

extension Int32 {
    fileprivate init<Flag: RawRepresentable>(_ flag: Flag) where Flag.RawValue == UInt32 {
        self.init(bitPattern: flag.rawValue)
    }
}
#endif
