#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

/// What a run says of itself, and what it must not do, by the numbers of what once broke.
@Suite(.oneAtATime)
struct BatchPromiseTests {
    private let setup: RunSetup

    init() throws { setup = try RunSetup() }

    private func input(_ numbers: ClosedRange<Int>, method: String = "GET") -> String {
        numbers.map { "{\"method\":\"\(method)\",\"url\":\"http://h/\($0)\"}\n" }.joined()
    }

    // T5: a pipe was read anew, and every row of it called again: 123 POSTs were executed twice.
    @Test func `a resume from a pipe is refused before anything is called`() async throws {
        #expect(mkfifo(setup.folder("input"), 0o600) == 0)
        try setup.folder.write("out", "")
        let transport = setup.transport { _, _ in .status(200) }
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(setup.options { $0.existing = .resume }, transport)
        }
        #expect(error?.kind == .configuration && error?.description.contains("is a pipe or a device") == true)
        #expect(transport.arrivals.isEmpty)
        #expect(!setup.options().canBeResumed)
        try setup.folder.write("rows", input(1...1))
        #expect(setup.options { $0.input = setup.folder("rows") }.canBeResumed)
        #expect(!setup.options { $0.output = nil }.canBeResumed)
    }

    // T6: rows that had failed in an earlier run were "finished before", and nothing else was said of them.
    @Test func `the summary of a resumed run tells of failures before it`() async throws {
        try setup.folder.write("input", input(1...10))
        let broken = setup.transport { call, _ in .status(call.url.hasSuffix("3") ? 404 : 200) }
        try await setup.finish(setup.options(), broken)
        let healthy = setup.transport { _, _ in .status(200) }
        let resumed = try await setup.finish(setup.options { $0.existing = .resume }, healthy)
        #expect(resumed.alreadyFinished == 10 && resumed.alreadyFailed == 1 && resumed.failedAltogether == 1)
        #expect(resumed.failed == 0 && healthy.arrivals.isEmpty)
        #expect(resumed.text.contains("10 had finished before, 1 of them with a failure"))
        #expect(String(decoding: try resumed.json(), as: UTF8.self).contains("\"already_failed\" : 1"))
        let retried = try await setup.finish(
            setup.options {
                $0.existing = .resume
                $0.retriesFailed = true
            }, healthy)
        #expect(retried.alreadyFinished == 9 && retried.failedAltogether == 0 && retried.succeeded == 1)
    }

    // T9: 323 ms "from when a row was due" for a server that answered at once.
    @Test func `under a rate a row that begins at its turn has waited for nothing`() async throws {
        try setup.folder.write("input", input(1...60))
        let transport = setup.transport { _, _ in .status(200) }
        let options = setup.options {
            $0.rate = CallRate("50/s")
            $0.concurrency = 16
        }
        try await setup.finish(options, transport)
        let waits = try setup.results().values.compactMap { $0["queued_ms"] as? Double }
        // The driver of the clock may move on while a call is on its way; most are not kept from their turn. It was
        // sixteen turns of 20 ms, for every row.
        #expect(waits.count == 60)
        #expect(waits.sorted()[30] < 160, "\(waits.sorted())")
    }

    @Test func `under a rate a row that a stalled server kept from its turn has waited since then`() async throws {
        try setup.folder.write("input", input(1...20))
        let transport = setup.transport { [clock = setup.clock] call, _ in
            if call.url.hasSuffix("/1") { try await Task.delay(for: .seconds(10), clock: clock) }
            return .status(200)
        }
        let options = setup.options {
            $0.rate = CallRate("10/s")
            $0.concurrency = 1
        }
        try await setup.finish(options, transport)
        let wait = try #require(try setup.results()["20"]?["queued_ms"] as? Double)
        // Its turn was at 1.9 s; the first row let go at 10 s, and 19 rows follow at a tenth of a second each.
        #expect((8_000...10_500).contains(wait), "\(wait)")
    }

    // T15: 128,000 of 200,000 rows, "completed", exit code 0.
    @Test func `an input that loses rows while it is read is no completed run`() async throws {
        let total = 8_000
        try setup.folder.write("input", input(1...total))
        let input = setup.folder("input")
        let transport = setup.transport { call, _ in
            if call.url.hasSuffix("/100") { truncate(input, 100_000) }
            return .status(200)
        }
        let summary = try await setup.finish(setup.options(), transport)
        #expect(summary.ending == .inputChanged)
        #expect(summary.unfinished ?? 0 > 0 && summary.succeeded < total)
    }

    // S3: a file rewritten in place was called as it was then, not as it was checked.
    @Test func `rows that were rewritten after the check are not called`() async throws {
        let total = 8_000
        try setup.folder.write("input", input(1...total))
        let path = setup.folder("input")
        let rewritten = input(1...total).replacingOccurrences(of: "http://h/", with: "http://g/")
        let done = Flag()
        let transport = setup.transport { call, _ in
            if call.url.hasSuffix("/100") {
                let file = try #require(FileHandle(forWritingAtPath: path))
                try file.write(contentsOf: Data(rewritten.utf8))
                try file.close()
                done.set()
            }
            return .status(200)
        }
        let summary = try await setup.finish(setup.options(), transport)
        #expect(done.isSet && summary.ending == .inputChanged)
        #expect(transport.urls.allSatisfy { $0.hasPrefix("http://h/") })
    }

    @Test func `rows that are appended meanwhile are for the next run`() async throws {
        try setup.folder.write("input", input(1...8_000))
        let path = setup.folder("input")
        let more = input(8_001...8_010)
        let transport = setup.transport { call, _ in
            if call.url.hasSuffix("/100") {
                let file = try #require(FileHandle(forWritingAtPath: path))
                try file.seekToEnd()
                try file.write(contentsOf: Data(more.utf8))
                try file.close()
            }
            return .status(200)
        }
        let summary = try await setup.finish(setup.options(), transport)
        #expect(summary.ending == .completed && summary.succeeded == 8_000)
        let next = try await setup.finish(setup.options { $0.existing = .resume }, transport)
        #expect(next.ending == .completed && next.succeeded == 10)
    }

    // T16: those rows are called again, and of a POST nobody knows what became.
    @Test func `results that an output has lost are fetched again where that is allowed`() async throws {
        try setup.folder.write("input", input(1...5) + input(6...10, method: "POST"))
        let transport = setup.transport { _, _ in .status(200) }
        try await setup.finish(setup.options { $0.concurrency = 1 }, transport)
        let text = try setup.folder.read("out")
        let lost = text.split(separator: "\n").suffix(7).reduce(0) { $0 + $1.utf8.count + 1 }
        try setup.folder.write("out", String(text.dropLast(lost - 10)))
        let again = setup.transport { _, _ in .status(200) }
        let summary = try await setup.finish(setup.options { $0.existing = .resume }, again)
        #expect(summary.lostResults == 7 && Set(again.urls) == ["http://h/4", "http://h/5"])
        #expect(summary.errors == ["unknown_outcome": 5] && summary.text.contains("7 results of earlier runs"))
        #expect(try setup.results().count == 10)
    }

    // T19: every line of such a file was a failed row.
    @Test(
        arguments: ["id,url\n1,http://h/\n", "[{\"url\":\"http://h/\"}]\n"], [false, true])
    func `an input of another kind calls nothing and leaves nothing`(text: String, isStream: Bool) async throws {
        let transport = setup.transport { _, _ in .status(200) }
        if isStream {
            #expect(mkfifo(setup.folder("input"), 0o600) == 0)
            let path = setup.folder("input")
            Thread.detachNewThread {
                let writer = open(path, O_WRONLY)
                _ = text.withCString { write(writer, $0, strlen($0)) }
                close(writer)
            }
        } else {
            try setup.folder.write("input", text)
        }
        let error = await #expect(throws: BatchError.self) { try await setup.finish(setup.options(), transport) }
        #expect(error?.kind == .configuration && transport.arrivals.isEmpty)
        for name in ["out", "out.store"] { #expect(!setup.folder.exists(name)) }
    }

    // S3: empty standard input was a success, an empty file a mistake.
    @Test func `a stream without rows is a mistake as a file without them is`() async throws {
        #expect(mkfifo(setup.folder("input"), 0o600) == 0)
        let path = setup.folder("input")
        Thread.detachNewThread { close(open(path, O_WRONLY)) }
        let transport = setup.transport { _, _ in .status(200) }
        let error = await #expect(throws: BatchError.self) { try await setup.finish(setup.options(), transport) }
        #expect(error?.kind == .configuration && error?.description.hasSuffix("holds no rows") == true)
        #expect(!setup.folder.exists("out"))
    }

    // T23: with a store of its own, a second run unlinked the output of the first, which lost 3,000 results.
    @Test func `two runs with one output are refused whatever their stores are`() async throws {
        try setup.folder.write("input", input(1...3))
        let latch = Latch()
        let transport = setup.transport { _, _ in
            try await latch.wait()
            return .status(200)
        }
        let task = Task { try await setup.finish(setup.options(), transport) }
        await until { transport.arrivals.count == 3 }
        for existing in [BatchOptions.Existing.overwrite, .refuse] {
            let error = await #expect(throws: BatchError.self) {
                try await setup.finish(
                    setup.options {
                        $0.store = setup.folder("other")
                        $0.existing = existing
                    }, transport)
            }
            #expect(error?.kind == .store)
            if existing == .overwrite {
                #expect(error?.description.contains("another run writes to the output") == true)
            }
        }
        latch.open()
        #expect(try await task.value.succeeded == 3)
        #expect(try setup.results().count == 3)
        // And nothing is left locked.
        try await setup.finish(setup.options { $0.existing = .overwrite }, transport)
    }

    // T25: a cut body stood in its row only.
    @Test func `cut bodies and redirects stand in the summary`() async throws {
        try setup.folder.write("input", input(1...4))
        let transport = setup.transport { call, _ in
            call.url.hasSuffix("1")
                ? .status(302) : HTTPReply(status: 200, body: ByteBuffer(string: "x"), isTruncated: true)
        }
        let summary = try await setup.finish(setup.options(), transport)
        #expect(summary.cutBodies == 3)
        #expect(summary.text.contains("3 bodies at --max-body (10 MB)"))
        #expect(summary.text.contains("1 answer sent elsewhere; -L follows them"))
    }

    // T28: what stands behind # was left out without a word, and the wrong place was geocoded.
    @Test(arguments: [
        ("http://h/?address=Unit#6 - 421 Sandwich Street", true), ("http://h/#a%20b", true), ("http://h/#6", true),
        ("http://h/#section", false), ("http://h/?a=%236", false), ("http://h/", false),
    ])
    func `a fragment that looks as if it were meant is told once`(url: String, isTold: Bool) async throws {
        try setup.folder.write("input", "{\"url\":\"\(url)\"}\n{\"url\":\"\(url)\"}\n")
        let told = Shared<[String]>([])
        let options = setup.options { $0.notice = { notice in told.change { $0.append(notice) } } }
        try await setup.finish(options, setup.transport { _, _ in .status(200) })
        #expect(told.value.count == (isTold ? 1 : 0))
        if isTold { #expect(told.value.first?.hasPrefix("line 1: ") == true && told.value[0].contains("%23")) }
    }

    // S3: a call that could not be sent had had one attempt.
    @Test func `a call that is never sent has no attempt`() async throws {
        try setup.folder.write("input", input(1...1))
        let transport = setup.transport { _, _ in
            throw HTTPFailure(.invalid, mayHaveBeenSent: false, "the call can't be sent")
        }
        try await setup.finish(setup.options(), transport)
        #expect(try setup.results()["1"]?["attempts"] as? Int == 0)
    }

    // T8.5: a variable in a host's name stood in messages and results.
    @Test func `a host whose name comes from the environment is called by the variable's name`() async throws {
        try setup.folder.write("input", "{\"url\":\"http://{env:TENANT}.example/x\"}\n")
        let transport = setup.transport { call, _ in
            throw HTTPFailure(.dns, mayHaveBeenSent: false, "the name of \(call.host) has no address: SeCrEt.example")
        }
        let options = setup.options {
            $0.substitution.environment = ["TENANT": "SeCrEt"]
            $0.maxRetries = 0
        }
        let run = try setup.run(options, transport)
        let summary = try await setup.finish(run)
        #expect(transport.arrivals.map(\.host) == ["{env:TENANT}.example:80"])
        #expect(transport.urls == ["http://SeCrEt.example/x"])
        let shown = try setup.folder.read("out") + summary.text + "\(run.progress)"
        #expect(!shown.lowercased().contains("secret.example"), "\(shown)")
    }

    // T8.5: `location` with --headers.
    @Test func `a location in an answer shows no password and no token`() async throws {
        try setup.folder.write("input", input(1...1))
        let transport = setup.transport { _, _ in
            HTTPReply(
                status: 302,
                headers: ["Location": "http://u:s3cr3t@h/?access_token=s3cr3t&x=1", "X-Amz-Security-Token": "s3cr3t"])
        }
        try await setup.finish(setup.options { $0.showsHeaders = true }, transport)
        let text = try setup.folder.read("out")
        #expect(!text.contains("s3cr3t") && text.contains("http://(secret)@h/?access_token=(secret)&x=1"))
    }

    // T8: the store was readable for everybody.
    @Test func `the store and its companions are nobody else's to read`() async throws {
        try setup.folder.write("input", input(1...3))
        let folder = setup.folder
        let modes = Shared<[String: Int]>([:])
        let transport = setup.transport { _, _ in
            for name in ["out.store", "out.store-wal", "out.store-shm"] {
                let mode = try FileManager.default.attributesOfItem(atPath: folder(name))[.posixPermissions] as? Int
                modes.change { $0[name] = mode }
            }
            return .status(200)
        }
        try await setup.finish(setup.options(), transport)
        #expect(modes.value == ["out.store": 0o600, "out.store-wal": 0o600, "out.store-shm": 0o600])
        chmod(folder("out.store"), 0o644)
        try await setup.finish(setup.options { $0.existing = .resume }, transport)
        #expect(
            try FileManager.default.attributesOfItem(atPath: folder("out.store"))[.posixPermissions] as? Int == 0o600)
    }

    // Worst message 4: "idempotency-key was none and is 'none'; use the same options".
    @Test func `a store that was copied without its companion is called that`() async throws {
        try setup.folder.write("input", input(1...3))
        let transport = setup.transport { _, _ in .status(200) }
        try await setup.finish(setup.options(), transport)
        for name in ["out.store-wal", "out.store-shm"] { unlink(setup.folder(name)) }
        try setup.folder.write("out.store", "")
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(setup.options { $0.existing = .resume }, transport)
        }
        #expect(error?.kind == .store && error?.description.contains("copied without its '-wal' file") == true)
    }

    @Test func `who looks while the input is read hears how far that is`() async throws {
        let total = 5_000
        try setup.folder.write("input", input(1...total))
        let run = try setup.run(setup.options(), setup.transport { _, _ in .status(200) })
        let summary = try await setup.finish(run)
        #expect(summary.succeeded == total && run.progress.planned == total)
    }
}
#endif
