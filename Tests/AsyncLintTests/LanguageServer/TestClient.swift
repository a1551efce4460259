#if Lint
import Foundation
import Synchronization

@testable import AsyncLint

/// A language client in the test's process: it talks to a server and waits for what that says.
final class TestClient: Sendable {
    let server: LanguageServer
    /// Everything the server has sent and nobody has taken.
    private let messages: AsyncStream<JSONValue>
    private let iterator: Mailbox

    /// Messages in their order; one test takes them.
    private actor Mailbox {
        private var waiting: [JSONValue] = []
        private let stream: AsyncStream<JSONValue>

        init(_ stream: AsyncStream<JSONValue>) { self.stream = stream }

        /// The first message that fits; what comes before it stays for later.
        func first(_ fits: @Sendable (JSONValue) -> Bool) async -> JSONValue? {
            if let index = waiting.firstIndex(where: fits) { return waiting.remove(at: index) }
            for await message in stream {
                if fits(message) { return message }
                waiting.append(message)
            }
            return nil
        }

        var rest: [JSONValue] { waiting }
    }

    init(settings: @escaping LanguageServer.Settings = { _, _ in .init(configuration: Configuration(), identity: "") })
    {
        let (stream, continuation) = AsyncStream.makeStream(of: JSONValue.self)
        let framer = Mutex(MessageFramer())
        messages = stream
        iterator = Mailbox(stream)
        server = LanguageServer(settings: settings) { bytes in
            framer.withLock { framer in
                framer.append(bytes)
                while case .message(let message)? = framer.next() {
                    if let value = try? JSONValue(parsing: message) { continuation.yield(value) }
                }
            }
        }
    }

    @discardableResult
    func send(raw text: String) async -> Int32? {
        await server.receive(Array("Content-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8))
    }

    @discardableResult
    func notify(_ method: String, _ parameters: JSONValue = .null) async -> Int32? {
        let message: JSONValue = ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
        return await send(raw: String(decoding: message.bytes, as: UTF8.self))
    }

    /// The answer to a request, whole.
    func request(_ method: String, _ parameters: JSONValue = .null, id: JSONValue = 7) async -> JSONValue? {
        let message: JSONValue = ["jsonrpc": "2.0", "id": id, "method": .string(method), "params": parameters]
        await send(raw: String(decoding: message.bytes, as: UTF8.self))
        return await iterator.first { $0["id"] == id }
    }

    /// The next message of a kind.
    func next(_ method: String) async -> JSONValue? {
        await iterator.first { $0["method"]?.string == method }?["params"]
    }

    /// The next answer that is an error.
    func nextError() async -> JSONValue? { await iterator.first { $0["error"] != nil } }

    func start(_ capabilities: JSONValue = [:], folder: String? = nil) async {
        let folders: JSONValue = folder.map { [["uri": .string("file://\($0)"), "name": "w"]] } ?? .null
        _ = await request("initialize", ["capabilities": capabilities, "workspaceFolders": folders])
        await notify("initialized", [:])
    }

    func open(_ uri: String, _ text: String, version: Int = 1) async {
        await notify(
            "textDocument/didOpen",
            [
                "textDocument": [
                    "uri": .string(uri), "languageId": "swift", "version": .integer(version), "text": .string(text),
                ]
            ])
    }

    /// The rules of the next diagnostics that are published.
    func nextRules() async -> [String] {
        (await next("textDocument/publishDiagnostics")?["diagnostics"]?.array ?? []).compactMap { $0["code"]?.string }
    }
}
#endif
