#if Batch
import Concerto
import ConcertoHTTP
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import ConcertoBatch

/// What rows hold that no file may.
@Suite(.oneAtATime)
struct KeptSecretsTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func bytesHold(_ secret: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: setup.folder("")).filter { name in
            guard !name.hasPrefix("in") else { return false }
            let bytes = try Data(contentsOf: URL(fileURLWithPath: setup.folder(name)))
            return bytes.range(of: Data(secret.utf8)) != nil
        }
    }

    @Test func `a secret column in a URL's path is not kept with a page`() async throws {
        try setup.folder.write("in.csv", "id,token\n1,S3cret/a\n")
        let run = Guarded<BatchRun?>(nil)
        let transport = setup.transport { call, _ in
            if call.url.hasSuffix("n=3") {
                run.withLock { $0 }?.stop(grace: .zero)
                throw CancellationError()
            }
            let next = call.url.hasSuffix("n=2") ? 3 : 2
            let path = call.url.prefix { $0 != "?" }
            return HTTPReply(
                status: 200, body: ByteBuffer(string: #"{"items":[1],"next":"\#(path)?n=\#(next)"}"#))
        }
        var paging = Paging(try Paging.next(".next"))
        paging.items = try JSONPath(".items")
        let options = setup.options {
            $0.input = setup.folder("in.csv")
            $0.idColumn = "id"
            $0.template.url = "http://h/{token}/list"
            $0.paging = paging
        }
        let begun = try setup.run(options, transport)
        run.withLock { $0 = begun }
        #expect(try await setup.finish(begun).ending == .interrupted && transport.urls.count == 3)
        #expect(try bytesHold("S3cret") == [])
    }

    @Test func `what begins a URL shows no password in the metadata, of tables and of objects`() async throws {
        try setup.folder.write("in.csv", "base,n\nhttp://me:S3cret@h,1\n")
        try setup.folder.write("input", #"{"metadata":{"base":"http://me:S3cret@h","n":1}}"# + "\n")
        for input in ["in.csv", "input"] {
            let transport = setup.transport { _, _ in .status(200) }
            let options = setup.options {
                $0.input = setup.folder(input)
                $0.template.url = "{base}/{n}"
                $0.existing = .overwrite
            }
            #expect(try await setup.finish(options, transport).succeeded == 1)
            #expect(try bytesHold("S3cret") == [], "\(input)")
            #expect(try setup.folder.read("out").contains(#""base":"http://(secret)@h""#))
        }
    }

    @Test func `what an object's metadata has for a secret header stands in no result and no store`() async throws {
        try setup.folder.write("input", #"{"url":"http://h/","metadata":{"k":"S3cret","n":1.10}}"# + "\n")
        let transport = setup.transport { call, _ in
            call.headers.contains { $0.name == "X-Api-Key" && $0.value == "S3cret" } ? .status(200) : .status(400)
        }
        let options = setup.options {
            $0.template.method = "GET"
            $0.template.headers = [("X-Api-Key", "{k}")]
        }
        #expect(try await setup.finish(options, transport).succeeded == 1)
        #expect(try setup.folder.read("out").contains(#""metadata":{"n":1.10}"#))
        #expect(try bytesHold("S3cret") == [])
        // A renewed key makes no other row of it.
        try setup.folder.write("input", #"{"url":"http://h/","metadata":{"k":"another","n":1.10}}"# + "\n")
        var again = options
        again.existing = .resume
        #expect(try await setup.finish(again, setup.transport { _, _ in .status(200) }).alreadyFinished == 1)
    }

    @Test(arguments: [true, false])
    func `results in another order than those of the earlier run are refused`(isOrdered: Bool) async throws {
        try setup.folder.write("input", "{\"url\":\"http://h/1\"}\n{\"url\":\"http://h/2\"}\n")
        try await setup.finish(
            setup.options { $0.isOrdered = isOrdered }, setup.transport { _, _ in .status(200) })
        let before = try setup.folder.read("out")
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(
                setup.options {
                    $0.isOrdered = !isOrdered
                    $0.existing = .resume
                }, setup.transport { _, _ in .status(200) })
        }
        #expect(error?.description.contains("--ordered") == true, "\(error?.description ?? "")")
        #expect(try setup.folder.read("out") == before)
    }
}
#endif
