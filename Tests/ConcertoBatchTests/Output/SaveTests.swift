#if Batch
import Concerto
import ConcertoHTTP
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct SaveTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func body(_ text: String, cut: Bool = false) -> HTTPReply {
        HTTPReply(status: 200, body: ByteBuffer(string: text), isTruncated: cut)
    }

    @Test func `each body goes to a file of its own, whose name the row decides`() async throws {
        try setup.folder.write("in.csv", "id,kind\n1,a\n2,b/../..\n")
        let transport = setup.transport { [self] call, _ in body("body of \(call.url)") }
        let options = setup.options {
            $0.input = setup.folder("in.csv")
            $0.idColumn = "id"
            $0.template.url = "http://h/{id}"
            $0.save = setup.folder("d") + "/{kind}/{id}.bin"
        }
        #expect(try await setup.finish(options, transport).succeeded == 2)
        #expect(try setup.folder.read("d/a/1.bin") == "body of http://h/1")
        #expect(try setup.folder.read("d/b%2F.%2E%2F.%2E/2.bin") == "body of http://h/2")
        let result = try #require(try setup.results()["1"])
        #expect(result["file"] as? String == setup.folder("d/a/1.bin") && result["bytes"] as? Int == 18)
        #expect(result["body"] == nil)
    }

    @Test(arguments: [
        ("../x", "%2E.%2Fx"), ("a/b", "a%2Fb"), ("..", "%2E."), (".", "%2E"), (" ", "%20"), ("-", "-"), ("é", "é"),
        ("%2E", "%252E"), ("a\\b", "a%5Cb"),
    ])
    func `B11: an id never leads out of its folder, and no two ids mean one file`(id: String, name: String) throws {
        let options = try CallsOf("in", "{\"id\":\(JSONText.string(id).text),\"url\":\"http://h/\"}\n")
        let row = try #require(try options.rows().first)
        #expect(try SaveTarget("d/{id}.bin").path(of: row) == "d/\(name).bin")
        #expect(try !SaveTarget("d/.{id}/x").path(of: row).contains("/../"))
    }

    @Test(arguments: [
        ("d/x.bin", "could give two rows one file"), ("d/{id}-{name}", "could give two rows one file"),
        ("d/{id}/", "names a folder"), ("d/{id", "is not closed"),
    ])
    func `a name that two rows could share is refused before the first call`(text: String, message: String) {
        var options = setup.options()
        options.save = text
        #expect(options.problems.contains { $0.contains(message) }, "\(options.problems)")
    }

    @Test func `an answer that is none, or is cut, leaves no file, and a name that is too long no call`() async throws {
        let long = String(repeating: "x", count: 300)
        let ids = ["lost", "cut", long]
        try setup.folder.write("input", ids.map { "{\"id\":\"\($0)\",\"url\":\"http://h/\($0)\"}\n" }.joined())
        let transport = setup.transport { [self] call, _ in
            call.url.hasSuffix("lost") ? .status(404) : body("half", cut: true)
        }
        let options = setup.options { $0.save = setup.folder("d") + "/{id}" }
        try await setup.finish(options, transport)
        let results = try setup.results()
        #expect(setup.kind(results["lost"]) == "status" && setup.kind(results["cut"]) == "save")
        #expect(setup.kind(results[long]) == "invalid_row" && transport.urls.count == 2)
        #expect(!FileManager.default.fileExists(atPath: setup.folder("d")))
    }

    @Test func `a file that can't be written stops the run, and the row is called again by the next`() async throws {
        try setup.folder.write("input", "{\"id\":\"1\",\"url\":\"http://h/1\"}\n")
        try setup.folder.write("d", "a file where the folder should be")
        let transport = setup.transport { [self] _, _ in body("whole") }
        let options = setup.options { $0.save = setup.folder("d") + "/{id}" }
        let error = await #expect(throws: BatchError.self) { try await setup.finish(options, transport) }
        #expect(error?.kind == .store && error?.description.contains("and resume") == true)
        try FileManager.default.removeItem(atPath: setup.folder("d"))
        var again = options
        again.existing = .resume
        #expect(try await setup.finish(again, transport).succeeded == 1)
        #expect(try setup.folder.read("d/1") == "whole")
        #expect(try FileManager.default.contentsOfDirectory(atPath: setup.folder("d")) == ["1"])
    }
}
#endif
