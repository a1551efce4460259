#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// Speaks the protocol to the built tool.
@Suite("asynclint lsp", .serialized)
struct LanguageServerToolTests {
    private struct Outcome {
        let status: Int32
        let messages: [JSONValue]

        func result(_ id: Int) -> JSONValue? { messages.first { $0["id"] == .integer(id) }?["result"] }
        var published: [JSONValue] {
            messages.filter { $0["method"] == "textDocument/publishDiagnostics" }.compactMap { $0["params"] }
        }
    }

    /// A session whose input is there from the beginning: requests are answered in their order.
    private func run(_ input: [UInt8]) throws -> Outcome {
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        let tool = [folder + "/asynclint", Checkout.root + "/.build/debug/asynclint"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(tool, "build the tool: swift build --traits Lint"))
        process.arguments = ["lsp"]
        let source = Pipe()
        let output = Pipe()
        process.standardInput = source
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        source.fileHandleForWriting.write(Data(input))
        try source.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        var framer = MessageFramer()
        framer.append(Array(data))
        var messages: [JSONValue] = []
        while let frame = framer.next() {
            guard case .message(let bytes) = frame else {
                Issue.record("the server wrote \(frame)")
                break
            }
            messages.append(try JSONValue(parsing: bytes))
        }
        return Outcome(status: process.terminationStatus, messages: messages)
    }

    private func frame(_ method: String, _ parameters: JSONValue = .null, id: Int? = nil) -> [UInt8] {
        var message: [String: JSONValue] = ["jsonrpc": "2.0", "method": .string(method), "params": parameters]
        if let id { message["id"] = .integer(id) }
        let body = JSONValue.object(message).bytes
        return Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    @Test func `a session: the configuration of a folder above, diagnostics, a page, and an end with status 0`() throws
    {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory() + "asynclint-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/Sources/é", withIntermediateDirectories: true)
        try Data("rules: { blocking-call-in-async: info }".utf8).write(
            to: URL(fileURLWithPath: folder + "/.asynclint.yml"))
        try Data("// a package".utf8).write(to: URL(fileURLWithPath: folder + "/Package.swift"))
        let uri = URL(fileURLWithPath: folder + "/Sources/é/a b.swift").absoluteString
        let document: JSONValue = ["uri": .string(uri)]
        let outcome = try run(
            frame("initialize", ["capabilities": [:], "processId": .null, "rootUri": .null], id: 1)
                + frame("initialized", [:])
                + frame(
                    "textDocument/didOpen",
                    [
                        "textDocument": [
                            "uri": .string(uri), "languageId": "swift", "version": 1,
                            "text": "func f() async { usleep(1) }",
                        ]
                    ])
                + frame(
                    "textDocument/hover",
                    ["textDocument": document, "position": ["line": 0, "character": 19]], id: 2)
                + frame("shutdown", id: 3) + frame("exit"))
        #expect(outcome.status == 0)
        #expect(outcome.result(1)?["serverInfo"]?["name"] == "asynclint")
        #expect(outcome.published.first?["uri"] == .string(uri))
        #expect(outcome.published.first?["diagnostics"]?.array?.first?["severity"] == 3)
        #expect(outcome.result(2)?["contents"]?["value"]?.string?.contains("parks") == true)
        #expect(outcome.result(3) == .null)
    }

    @Test func `bytes that are no protocol are answered, and a client that just goes ends it with status 1`() throws {
        let garbage = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8) + Array("Content-Length: 3\r\n\r\n{]}".utf8)
        let outcome = try run(garbage + frame("initialize", ["capabilities": [:]], id: 1))
        #expect(outcome.messages.prefix(2).compactMap { $0["error"]?["code"]?.integer } == [-32700, -32700])
        #expect(outcome.result(1) != nil)
        #expect(outcome.status == 1)
    }
}
#endif
