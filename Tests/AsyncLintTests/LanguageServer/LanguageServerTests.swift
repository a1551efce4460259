#if Lint
import Foundation
import Testing

@testable import AsyncLint

@Suite("Language server")
struct LanguageServerTests {
    private let uri = "untitled:Untitled-1"

    private func place(_ line: Int, _ column: Int) -> JSONValue {
        ["line": .integer(line), "character": .integer(column)]
    }

    private func range(_ line: Int, _ from: Int, _ to: Int) -> JSONValue {
        ["start": place(line, from), "end": place(line, to)]
    }

    // MARK: Diagnostics

    @Test func `a document that is opened is checked, and its columns are UTF-16 units`() async {
        let client = TestClient()
        await client.start()
        await client.open(uri, "func f() async { /* 😀é */ usleep(1) }\n", version: 3)
        let published = await client.next("textDocument/publishDiagnostics")
        #expect(published?["uri"] == .string(uri))
        #expect(published?["version"] == 3)
        let diagnostic = published?["diagnostics"]?.array?.first
        #expect(diagnostic?["code"] == "blocking-call-in-async")
        #expect(diagnostic?["severity"] == 1)
        #expect(diagnostic?["source"] == "asynclint")
        #expect(diagnostic?["range"]?["start"] == place(0, 27))
    }

    @Test func `edits are applied in their order, and what is published belongs to the newest text`() async {
        let client = TestClient()
        await client.start()
        await client.open(uri, "func f() async {\n    await work()\n}\n")
        #expect(await client.nextRules() == [])
        await client.notify(
            "textDocument/didChange",
            [
                "textDocument": ["uri": .string(uri), "version": 2],
                "contentChanges": [
                    ["range": range(1, 4, 16), "text": "work()"],
                    ["range": range(1, 4, 8), "text": "usleep"],
                    ["range": range(1, 11, 11), "text": "1"],
                ],
            ])
        let published = await client.next("textDocument/publishDiagnostics")
        #expect(published?["version"] == 2)
        #expect(published?["diagnostics"]?.array?.first?["range"]?["start"] == place(1, 4))
        await client.notify(
            "textDocument/didChange",
            ["textDocument": ["uri": .string(uri), "version": 3], "contentChanges": [["text": "let x = 1\n"]]])
        #expect(await client.nextRules() == [])
    }

    @Test func `half-typed text is one finding, and closing a document takes its findings away`() async {
        let client = TestClient()
        await client.start()
        await client.open(uri, "func f( async {{{")
        #expect(await client.nextRules() == ["unparsable-file"])
        await client.notify("textDocument/didClose", ["textDocument": ["uri": .string(uri)]])
        let closed = await client.next("textDocument/publishDiagnostics")
        #expect(closed?["diagnostics"] == [])
        #expect(
            await client.request(
                "textDocument/hover", ["textDocument": ["uri": .string(uri)], "position": place(0, 1)])?["result"]
                == .null)
    }

    @Test func `a document of another language is left alone`() async {
        let client = TestClient()
        await client.start()
        await client.notify(
            "textDocument/didOpen",
            ["textDocument": ["uri": "file:///a.c", "languageId": "c", "version": 1, "text": "usleep(1);"]])
        await client.open(uri, "func f() async { usleep(1) }")
        #expect(await client.next("textDocument/publishDiagnostics")?["uri"] == .string(uri))
    }

    // MARK: Fixes and pages

    private let fixable = """
        func f() async throws {
            /* 😀 */ try? Task.checkCancellation()
            Task { try await save(1) }
        }

        """

    @Test func `the fixes of a place are its actions: safe ones are preferred, suggestions say what they are`() async {
        let client = TestClient()
        await client.start(["textDocument": ["codeAction": ["codeActionLiteralSupport": [:]]]])
        await client.open(uri, fixable)
        let answer = await client.request(
            "textDocument/codeAction",
            [
                "textDocument": ["uri": .string(uri)], "range": range(1, 15, 15),
                "context": ["only": ["quickfix"], "diagnostics": []],
            ])
        let actions = answer?["result"]?.array ?? []
        #expect(actions.map { $0["title"]?.string } == ["let the error out"])
        #expect(actions.first?["isPreferred"] == true)
        #expect(actions.first?["diagnostics"]?.array?.first?["code"] == "discarded-cancellation-check")
        let edit = actions.first?["edit"]?["changes"]?[uri]?.array?.first
        #expect(edit?["range"]?["start"]?["line"] == 1)
        // The fix, applied by the client's count of columns.
        var text = EditorText(Array(fixable.utf8))
        if let start = EditorText.Position(edit?["range"]?["start"]),
            let end = EditorText.Position(edit?["range"]?["end"])
        {
            text.replace(start..<end, with: edit?["newText"]?.string ?? "?")
        }
        #expect(text.line(1) == "    /* 😀 */ try Task.checkCancellation()")
        let other = await client.request(
            "textDocument/codeAction",
            ["textDocument": ["uri": .string(uri)], "range": range(2, 6, 6), "context": ["diagnostics": []]])
        let suggestion = other?["result"]?.array?.first
        #expect(suggestion?["isPreferred"] == false)
        #expect(suggestion?["title"]?.string?.contains("a suggestion") == true)
    }

    @Test func `all safe fixes at once, versioned where the client can do that`() async {
        let client = TestClient()
        await client.start([
            "workspace": ["workspaceEdit": ["documentChanges": true]],
            "textDocument": ["codeAction": ["codeActionLiteralSupport": [:]]],
        ])
        await client.open(uri, fixable, version: 5)
        let answer = await client.request(
            "textDocument/codeAction",
            [
                "textDocument": ["uri": .string(uri)], "range": range(0, 0, 0),
                "context": ["only": ["source.fixAll"], "diagnostics": []],
            ])
        let action = answer?["result"]?.array?.first
        #expect(answer?["result"]?.array?.count == 1)
        #expect(action?["kind"] == "source.fixAll.asynclint")
        let change = action?["edit"]?["documentChanges"]?.array?.first
        #expect(change?["textDocument"]?["version"] == 5)
        #expect(change?["edits"]?.array?.count == 1)
    }

    @Test func `hovering over a finding shows its rule, and so does hovering over an id that is ignored`() async {
        let client = TestClient()
        await client.start()
        let text =
            "func f() async {\n    // asynclint:ignore:next blocking-call-in-async — a probe\n    usleep(1)\n    sleep(1)\n}\n"
        await client.open(uri, text)
        let found = await client.request(
            "textDocument/hover", ["textDocument": ["uri": .string(uri)], "position": place(3, 6)])
        #expect(found?["result"]?["contents"]?["kind"] == "markdown")
        #expect(
            found?["result"]?["contents"]?["value"]?.string?.hasPrefix("**blocking-call-in-async** (error)") == true)
        #expect(found?["result"]?["range"]?["start"] == place(3, 4))
        let named = await client.request(
            "textDocument/hover", ["textDocument": ["uri": .string(uri)], "position": place(1, 40)])
        #expect(named?["result"]?["contents"]?["value"]?.string?.contains("blocking-call-in-async") == true)
        let nothing = await client.request(
            "textDocument/hover", ["textDocument": ["uri": .string(uri)], "position": place(0, 2)])
        #expect(nothing?["result"] == .null)
    }

    @Test func `a client without markdown gets the page as plain text`() async {
        let client = TestClient()
        await client.start(["textDocument": ["hover": ["contentFormat": ["plaintext"]]]])
        await client.open(uri, "func f() async { usleep(1) }")
        let found = await client.request(
            "textDocument/hover", ["textDocument": ["uri": .string(uri)], "position": place(0, 18)])
        #expect(found?["result"]?["contents"]?["kind"] == "plaintext")
    }

    // MARK: Folders

    private func temporaryFolder() throws -> String {
        let folder = URL(fileURLWithPath: NSTemporaryDirectory() + "asynclint-\(UUID().uuidString)")
            .resolvingSymlinksInPath().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private func write(_ text: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    @Test func `declarations of other files are known, of those that are open as they are being edited`() async throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("final class Store { let gate = DispatchSemaphore(value: 0) }", folder + "/Sources/Store.swift")
        let client = TestClient()
        await client.start(folder: folder)
        let user = "file://\(folder)/Sources/User.swift"
        await client.open(user, "func f(_ store: Store) async { await work(); store.gate.wait() }")
        #expect(await client.nextRules() == ["blocking-call-in-async"])
        await client.open("file://\(folder)/Sources/Store.swift", "final class Store { let gate = Gate() }")
        #expect(await client.nextRules() == [])
        await client.notify("textDocument/didSave", ["textDocument": ["uri": .string(user)]])
        #expect(await client.nextRules() == [])
        #expect(await client.nextRules() == [])
    }

    @Test func `a file that changes on the disk is read again after a save`() async throws {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("final class Store { let gate = DispatchSemaphore(value: 0) }", folder + "/Store.swift")
        let client = TestClient()
        await client.start(folder: folder)
        let user = "file://\(folder)/User.swift"
        await client.open(user, "func f(_ store: Store) async { await work(); store.gate.wait() }")
        #expect(await client.nextRules() == ["blocking-call-in-async"])
        try write("final class Store { let gate = Gate(named: 1) }", folder + "/Store.swift")
        await client.notify("textDocument/didSave", ["textDocument": ["uri": .string(user)]])
        #expect(await client.nextRules() == [])
    }

    @Test func `what the configuration excludes has no findings, and a configuration that cannot be used is told once`()
        async throws
    {
        let folder = try temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let client = TestClient { folder, _ in
            let yaml = folder.hasSuffix("bad") ? "rulez: {}" : "exclude: [Generated]"
            return .init(configuration: try Configuration(yaml: yaml, source: ".asynclint.yml"), identity: yaml)
        }
        await client.start(folder: folder)
        await client.open("file://\(folder)/Generated/a.swift", "func f() async { usleep(1) }")
        #expect(await client.nextRules() == [])
        await client.open("file://\(folder)/b%20c.swift", "func f() async { usleep(1) }")
        #expect(await client.nextRules() == ["blocking-call-in-async"])
        await client.open("file://\(folder)/bad/a.swift", "func f() async { usleep(1) }")
        #expect(await client.next("window/showMessage")?["message"]?.string?.contains("unknown key 'rulez'") == true)
        #expect(await client.nextRules() == [])
    }

    // MARK: Life and mistakes

    @Test func `the life of a server: nothing before initialize, nothing after shutdown, exit says how it went`() async
    {
        let client = TestClient()
        #expect(await client.request("textDocument/hover")?["error"]?["code"] == -32002)
        await client.notify("textDocument/didOpen", ["textDocument": [:]])
        let capabilities = await client.request("initialize", ["capabilities": [:]])?["result"]?["capabilities"]
        #expect(capabilities?["positionEncoding"] == "utf-16")
        #expect(capabilities?["textDocumentSync"]?["change"] == 2)
        #expect(await client.request("initialize", ["capabilities": [:]])?["error"]?["code"] == -32600)
        await client.open(uri, fixable)
        #expect(await client.request("shutdown")?["result"] == .null)
        #expect(await client.request("textDocument/hover")?["error"]?["code"] == -32600)
        #expect(await client.notify("exit") == 0)
        #expect(await TestClient().notify("exit") == 1)
    }

    @Test(arguments: [
        ("{", -32700), ("\u{0}", -32700), ("", -32700), ("[]", -32600), ("7", -32600), ("{\"id\":1}", -32600),
        ("{\"id\":1,\"method\":9}", -32600), ("{\"id\":1,\"method\":\"no/such\"}", -32601),
        ("{\"id\":1,\"method\":\"textDocument/hover\"}", -32602),
        ("{\"id\":\"a\",\"method\":\"textDocument/codeAction\",\"params\":{\"textDocument\":[]}}", -32602),
        (
            "{\"id\":1,\"method\":\"textDocument/hover\",\"params\":{\"textDocument\":{\"uri\":\"a\"},\"position\":{\"line\":-1,\"character\":0}}}",
            -32602
        ),
    ])
    func `a message that makes no sense is answered, and the next one works`(text: String, code: Int) async {
        let client = TestClient()
        await client.start()
        await client.send(raw: text)
        #expect(await client.nextError()?["error"]?["code"] == .integer(code))
        await client.open(uri, "func f() async { usleep(1) }")
        #expect(await client.nextRules() == ["blocking-call-in-async"])
    }

    @Test(arguments: [
        "{\"method\":\"no/such\"}", "{\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}",
        "{\"id\":1,\"result\":null}",
        "{\"method\":\"textDocument/didOpen\",\"params\":7}",
        "{\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{\"uri\":\"untitled:nobody\"}}}",
        "{\"method\":\"textDocument/didClose\"}", "{\"method\":\"workspace/didChangeWorkspaceFolders\",\"params\":[]}",
    ])
    func `a notification that makes no sense is passed over`(text: String) async {
        let client = TestClient()
        await client.start()
        await client.send(raw: text)
        await client.open(uri, "func f() async { usleep(1) }")
        #expect(await client.nextRules() == ["blocking-call-in-async"])
    }
}
#endif
