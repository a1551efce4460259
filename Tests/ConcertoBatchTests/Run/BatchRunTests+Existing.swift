#if Batch
import Concerto
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

/// What a run finds: an earlier run's store and output, and input of every kind.
extension BatchRunTests {
    @Test func failedRowsAreCalledAgainOnlyOnRequest() async throws {
        try setup.folder.write("input", input(10))
        let broken = setup.transport { call, _ in .status(call.url.hasSuffix("3") ? 404 : 200) }
        #expect(try await setup.finish(setup.options(), broken).failed == 1)
        let second = setup.transport { _, _ in .status(200) }
        #expect(try await setup.finish(setup.options { $0.existing = .resume }, second).alreadyFinished == 10)
        #expect(second.urls.isEmpty)
        let third = setup.transport { _, _ in .status(200) }
        let summary = try await setup.finish(
            setup.options {
                $0.existing = .resume
                $0.retriesFailed = true
            }, third)
        #expect(third.urls == ["http://h/3"] && summary.succeeded == 1 && summary.alreadyFinished == 9)
        let results = try setup.results()
        #expect(results.count == 10 && results.values.allSatisfy { $0["status"] as? Int == 200 })
    }

    @Test func rowsThatWereAppendedSinceAreNew() async throws {
        try setup.folder.write("input", input(5))
        try await setup.finish(setup.options(), setup.transport { _, _ in .status(200) })
        try setup.folder.append("input", input(5, from: 6))
        let rest = setup.transport { _, _ in .status(200) }
        let summary = try await setup.finish(setup.options { $0.existing = .resume }, rest)
        #expect(summary.succeeded == 5 && summary.alreadyFinished == 5 && rest.urls.count == 5)
        #expect(try setup.results().count == 10)
    }

    // Rows that came while the run went on were called, but the store did not know them: a resume called them again.
    @Test
    func rowsThatAreAppendedDuringTheRunAreLeftToTheNext() async throws {
        try setup.folder.write("input", input(3))
        let latch = Latch()
        let transport = setup.transport { call, _ in
            if call.url.hasSuffix("/1") { try await latch.wait() }
            return .status(200)
        }
        let run = try setup.run(setup.options { $0.concurrency = 1 }, transport)
        let task = Task { try await run.run() }
        await until { transport.arrivals.count == 1 }
        let handle = try #require(FileHandle(forWritingAtPath: setup.folder("input")))
        handle.seekToEndOfFile()
        // Longer than what has been read ahead.
        handle.write(Data((String(repeating: " ", count: 1 << 20) + "\n" + input(2, from: 4)).utf8))
        try handle.close()
        latch.open()
        _ = try await task.value
        let rest = setup.transport { _, _ in .status(200) }
        try await setup.finish(setup.options { $0.existing = .resume }, rest)
        #expect(try setup.results().count == 5)
        #expect((transport.urls + rest.urls).count == 5)
    }

    @Test func whatIsThereIsRefusedWithoutBeingTouched() async throws {
        try setup.folder.write("input", input(2))
        try setup.folder.write("out", "mine")
        let transport = setup.transport { _, _ in .status(200) }
        let error = await #expect(throws: BatchError.self) { try await setup.finish(setup.options(), transport) }
        #expect(error?.kind == .store && error?.description.contains("--overwrite") == true)
        #expect(try setup.folder.read("out") == "mine" && transport.arrivals.isEmpty)
        try await setup.finish(setup.options { $0.existing = .overwrite }, transport)
        #expect(try setup.results().count == 2)
    }

    @Test func changedOptionsAreNamed() async throws {
        try setup.folder.write("input", input(2))
        let transport = setup.transport { _, _ in .status(200) }
        try await setup.finish(setup.options { $0.headers = [("X-A", "1"), ("Authorization", "s3cr3t")] }, transport)
        let error = await #expect(throws: BatchError.self) {
            try await setup.finish(
                setup.options {
                    $0.existing = .resume
                    $0.headers = [("X-A", "2"), ("Authorization", "another s3cr3t")]
                }, transport)
        }
        #expect(error?.kind == .store)
        #expect(error?.description.contains("the header x-a has another value") == true)
        #expect(error?.description.contains("s3cr3t") == false)
    }

    @Test func twoRunsOnOneStoreAreRefused() async throws {
        try setup.folder.write("input", input(1))
        let latch = Latch()
        let transport = setup.transport { _, _ in
            try await latch.wait()
            return .status(200)
        }
        let task = Task { try await setup.finish(setup.options(), transport) }
        await until { transport.arrivals.count == 1 }
        for existing in [BatchOptions.Existing.resume, .refuse, .overwrite] {
            let error = await #expect(throws: BatchError.self) {
                try await setup.finish(setup.options { $0.existing = existing }, transport)
            }
            #expect(error?.kind == .store && error?.description.contains("process \(getpid())") == true)
        }
        latch.open()
        #expect(try await task.value.succeeded == 1)
        #expect(try setup.results().count == 1)
    }

    @Test func mistakesBeforeTheFirstCallLeaveAPlaceForTheNextTry() async throws {
        let transport = setup.transport { _, _ in .status(200) }
        for text in ["", "\n\n", #"{"id":1,"url":"http://h/1"}"# + "\n" + #"{"id":1,"url":"http://h/2"}"#] {
            try setup.folder.write("input", text)
            let error = await #expect(throws: BatchError.self) { try await setup.finish(setup.options(), transport) }
            #expect(error?.kind == .configuration)
            #expect(!setup.folder.exists("out") && !setup.folder.exists("out.store"))
            #expect(!setup.folder.exists("out.store.lock") && !setup.folder.exists("out.store-wal"))
        }
        try setup.folder.write("input", input(1))
        #expect(try await setup.finish(setup.options(), transport).succeeded == 1)
    }

    @Test func aBrokenRowIsAFailedRowWithLineAndReason() async throws {
        try setup.folder.write("input", input(2) + "\n{\"id\":\"x\",\"metadata\":[1],\"url\":\"ftp://h/\"}\nnonsense\n")
        let summary = try await setup.finish(setup.options(), setup.transport { _, _ in .status(200) })
        #expect(summary.succeeded == 2 && summary.failed == 2 && summary.errors == ["invalid_row": 2])
        let results = try setup.results()
        #expect(setup.kind(results["x"]) == "invalid_row" && results["x"]?["metadata"] as? [Int] == [1])
        let message = (results["4"]?["error"] as? [String: String])?["message"]
        #expect(message?.hasPrefix("line 5: ") == true)
    }

    @Test func aStreamFindsItsDuplicatesOnTheWay() async throws {
        let folder = setup.folder
        #expect(mkfifo(folder("input"), 0o600) == 0)
        let writer = open(folder("input"), O_RDWR)
        let text = (1...300).map { "{\"id\":\"\($0 % 290)\",\"url\":\"http://h/\($0)\"}\n" }.joined()
        let transport = setup.transport { _, _ in .status(200) }
        let run = try setup.run(setup.options { $0.output = folder("out") }, transport)
        let task = Task { try await setup.finish(run) }
        await Self.write(text, to: writer)
        // The run has opened its end: only then does closing this one leave it the rest.
        await until { !transport.arrivals.isEmpty }
        close(writer)
        let summary = try await task.value
        #expect(summary.succeeded == 290 && summary.failed == 10 && summary.errors == ["duplicate_id": 10])
        #expect(transport.urls.count == 290 && Set(transport.urls).count == 290)
        #expect(try folder.lines("out").count == 300)
        #expect(try folder.read("out").contains("line 291 has the id of line 1: '1'"))
    }

    // The workers that waited for the next line held every slot, and a row that was to be repeated got none.
    @Test func aRepeatDoesNotWaitForASilentInput()
        async throws
    {
        let folder = setup.folder
        #expect(mkfifo(folder("input"), 0o600) == 0)
        let writer = open(folder("input"), O_RDWR)
        let transport = setup.transport { _, attempt in .status(attempt == 1 ? 503 : 200) }
        let run = try setup.run(setup.options { $0.concurrency = 2 }, transport)
        let ended = Flag()
        let task = Task {
            defer { ended.set() }
            return try await run.run()
        }
        await Self.write("{\"url\":\"http://h/1\"}\n", to: writer)
        await until { transport.arrivals.count == 1 }
        // Many times what the second attempt needs.
        var turns = 0
        await drive(setup.clock) {
            turns += 1
            return transport.arrivals.count == 2 || turns > 100_000
        }
        #expect(transport.arrivals.count == 2)
        close(writer)
        await drive(setup.clock) { ended.isSet }
        #expect(try await task.value.succeeded == 1)
    }

    @Test
    func anInputThatBreaksEndsTheRunWithAnErrorAndKeepsWhatIsDone() async throws {
        let folder = setup.folder
        #expect(mkfifo(folder("input"), 0o600) == 0)
        let writer = open(folder("input"), O_RDWR)
        let transport = setup.transport { _, _ in .status(200) }
        let run = try setup.run(setup.options(), transport)
        let task = Task { try await setup.finish(run) }
        await Self.write("{\"url\":\"http://h/1\"}\n", to: writer)
        await until { transport.arrivals.count == 1 }
        await Self.write(
            String(repeating: "x", count: LineReader.maximumLineLength + 1), to: writer)
        let error = await #expect(throws: BatchError.self) { try await task.value }
        #expect(error?.kind == .configuration && error?.description.contains("line 2") == true)
        #expect(try setup.results().count == 1)
        close(writer)
    }

    /// Writes to a pipe from a thread of its own: its reader may be slow.
    private static func write(_ text: String, to descriptor: CInt) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes = Array(text.utf8)[...]
                while !bytes.isEmpty {
                    let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
                    guard count > 0 else { break }
                    bytes = bytes.dropFirst(count)
                }
                continuation.resume()
            }
        }
    }
}
#endif
