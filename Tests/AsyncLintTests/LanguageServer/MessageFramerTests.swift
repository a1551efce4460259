#if Lint
import Testing

@testable import AsyncLint

@Suite("Frames of the protocol")
struct MessageFramerTests {
    private func frames(_ pieces: [[UInt8]]) -> [MessageFramer.Frame] {
        var framer = MessageFramer()
        var frames: [MessageFramer.Frame] = []
        for piece in pieces {
            framer.append(piece)
            while let frame = framer.next() { frames.append(frame) }
        }
        return frames
    }

    @Test func `messages are the same whatever the pieces they come in`() {
        let one = "Content-Length: 2\r\n\r\n{}"
        let two = "content-length:   5  \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n[\"é\"]"
        let bytes = Array((one + two.replacing(": ", with: ":") + one).utf8)
        let whole = frames([bytes])
        #expect(whole.count == 3)
        for size in 1...9 {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            #expect(frames(pieces) == whole, "pieces of \(size)")
        }
    }

    @Test(arguments: ["X: 1", "Content-Length: many", "Content-Length: -4", "Content-Length 5", "", "Content-Length:"])
    func `a header without a usable length is named, and the next message is read`(header: String) {
        let found = frames([Array("\(header)\r\n\r\nContent-Length: 2\r\n\r\n{}".utf8)])
        #expect(
            found == [.malformed("a header without a Content-Length that is a number"), .message(Array("{}".utf8))])
    }

    @Test func `a message that is too long is named once and passed over`() {
        let length = MessageFramer.maximumLength + 3
        var framer = MessageFramer()
        framer.append(Array("Content-Length: \(length)\r\n\r\n".utf8))
        guard case .malformed = framer.next() else {
            Issue.record("the message was taken")
            return
        }
        let chunk = [UInt8](repeating: 0x20, count: 1 << 20)
        for _ in 0..<(length >> 20) {
            framer.append(chunk)
            #expect(framer.next() == nil)
        }
        framer.append(
            [UInt8](repeating: 0x20, count: length & ((1 << 20) - 1)) + Array("Content-Length: 2\r\n\r\n{}".utf8))
        #expect(framer.next() == .message(Array("{}".utf8)))
    }

    @Test func `bytes that never end a header are dropped and named`() {
        #expect(frames([[UInt8](repeating: 0x41, count: 5000)]).count == 1)
    }
}
#endif
