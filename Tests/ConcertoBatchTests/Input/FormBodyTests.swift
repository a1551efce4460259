#if Batch
import Concerto
import ConcertoHTTP
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

struct FormBodyTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    /// The parts of a body: their heads and what they hold.
    private func parts(_ call: HTTPCall) throws -> [(head: String, text: String)] {
        let type = try #require(call.headers.first { $0.name == "Content-Type" }?.value)
        let mark = "multipart/form-data; boundary="
        #expect(type.hasPrefix(mark))
        let text = String(decoding: call.body ?? [], as: UTF8.self)
        let boundary = "--\(type.dropFirst(mark.count))"
        #expect(text.hasPrefix(boundary + "\r\n") && text.hasSuffix("\r\n\(boundary)--\r\n"))
        return text.components(separatedBy: boundary).dropFirst().dropLast().map { part in
            let halves = part.dropFirst().dropLast().components(separatedBy: "\r\n\r\n")
            return (halves[0], halves.dropFirst().joined(separator: "\r\n\r\n"))
        }
    }

    private func run(
        _ csv: String, _ form: [String], _ change: (inout BatchOptions) -> Void = { _ in }
    ) async throws -> [HTTPCall] {
        try setup.folder.write("rows.csv", csv)
        let calls = Shared<[HTTPCall]>([])
        let transport = setup.transport { call, _ in
            calls.change { $0.append(call) }
            return .status(200)
        }
        try await setup.finish(
            setup.options {
                $0.input = setup.folder("rows.csv")
                $0.existing = .overwrite
                $0.idColumn = "id"
                $0.template.url = "http://a.test/{id}"
                $0.template.method = "POST"
                $0.formFields = form
                change(&$0)
            }, transport)
        return calls.value
    }

    @Test func `fields and files of a row are the body of its call`() async throws {
        let photo = setup.folder("a photo.png")
        try setup.folder.write("a photo.png", "PNG\r\n\r\nbytes")
        try setup.folder.write("data.bin", "raw")
        let calls = try await run(
            "id,path,title\nx,\(photo),\"Über \"\"alles\"\"\"\n",
            ["title={title}", "id=row {id}", "photo=@{path}", "data\"1=@\(setup.folder("data.bin"));type=text/x-own"])
        let parts = try parts(try #require(calls.first))
        #expect(
            parts.map(\.head) == [
                "Content-Disposition: form-data; name=\"title\"", "Content-Disposition: form-data; name=\"id\"",
                "Content-Disposition: form-data; name=\"photo\"; filename=\"a photo.png\"\r\nContent-Type: image/png",
                "Content-Disposition: form-data; name=\"data%221\"; filename=\"data.bin\"\r\nContent-Type: text/x-own",
            ])
        #expect(parts.map(\.text) == ["Über \"alles\"", "row x", "PNG\r\n\r\nbytes", "raw"])
    }

    @Test func `a file that is not there fails its row, before anything is sent, and the others go`() async throws {
        try setup.folder.write("here", "x")
        let (here, gone, folder) = (setup.folder("here"), setup.folder("gone"), setup.folder.path)
        let calls = try await run("id,path\na,\(here)\nb,\(gone)\nc,\(folder)\nd,\n", ["file=@{path}"])
        #expect(calls.map(\.url) == ["http://a.test/a"])
        let results = try setup.results()
        for (id, text) in [("b", "No such file"), ("c", "it is no file"), ("d", "has no name")] {
            let error = results[id]?["error"] as? [String: String]
            #expect(
                error?["kind"] == "invalid_row" && error?["message"]?.contains(text) == true, "\(id): \(error ?? [:])")
        }
    }

    @Test func `a path that holds something of the environment shows it nowhere when its file is missing`() async throws
    {
        let calls = try await run("id\na\n", ["file=@/nowhere/{env:KEY}/{id}"]) {
            $0.template.environment = ["KEY": "S3cret-value"]
            $0.substitution.hidden["KEY"] = "S3cret-value"
        }
        let result = try setup.results()["a"]
        #expect(calls.isEmpty && setup.kind(result) == "invalid_row")
        let output = try setup.folder.read("out")
        #expect(!output.contains("S3cret"))
    }

    @Test func `after a large file small ones are sent several at a time`() async throws {
        try setup.folder.write("big", String(repeating: "x", count: 30_000_000))
        try setup.folder.write("small", "x")
        let rows = (1...20).map { "\($0)," + setup.folder($0 == 1 ? "big" : "small") }.joined(separator: "\n")
        try setup.folder.write("rows.csv", "id,path\n\(rows)\n")
        let transport = setup.transport { call, _ in
            try await Task.delay(for: .milliseconds(10), clock: setup.clock)
            return .status(200)
        }
        try await setup.finish(
            setup.options {
                $0.input = setup.folder("rows.csv")
                $0.memory = 16_000_000
                $0.concurrency = 4
                $0.idColumn = "id"
                $0.template.url = "http://a.test/{id}"
                $0.template.method = "POST"
                $0.formFields = ["file=@{path}"]
            }, transport)
        #expect(transport.mostInFlight.values.first == 4)
    }

    @Test func `files wait for room, and all come`() async throws {
        try setup.folder.write("big", String(repeating: "x", count: 4_000_000))
        let rows = (1...12).map { "\($0)," + setup.folder("big") }.joined(separator: "\n")
        let calls = try await run("id,path\n\(rows)\n", ["file=@{path}"]) {
            $0.memory = 16_000_000
            $0.concurrency = 8
        }
        #expect(calls.count == 12 && calls.allSatisfy { $0.body?.count ?? 0 > 4_000_000 })
        #expect(try setup.results().count == 12)
    }

    @Test(arguments: [
        ("nothing", "must look like name=text"), ("=x", "must look like name=text"), ("a=@", "names no file"),
        ("a=@x;type=nonsense", "that is no media type"), ("a={", "--form a"),
    ])
    func `what is no field is refused with the way to write it`(text: String, message: String) {
        let problems = setup.options { $0.formFields = [text] }.problems
        #expect(problems.count == 1 && problems[0].contains(message), "\(problems)")
    }

    @Test func `a body and a form, or pages and a form, are too much`() {
        let problems = setup.options {
            $0.formFields = ["a=b"]
            $0.template.body = "x"
            $0.paging = Paging(.link)
        }.problems
        #expect(problems.contains("a call has one body: leave out --body, or --form"))
        #expect(problems.contains("form is for calls that are made once: it goes with no pages"))
    }

    @Test func `a dry run shows the fields, reads no file and shows nothing of the environment`() throws {
        try setup.folder.write("rows.csv", "id,path\nx,/nowhere/a.png\n")
        let text = try DryRun(
            setup.options {
                $0.input = setup.folder("rows.csv")
                $0.template.url = "http://a.test/"
                $0.template.environment = ["KEY": "S3cret"]
                $0.formFields = ["photo=@{path}", "key={env:KEY}"]
            }
        ).text(count: 5)
        #expect(text.contains("photo=@/nowhere/a.png\nkey=") && !text.contains("S3cret"))
    }
}
#endif
