#if Batch
import ConcertoHTTP
import Foundation
import Testing

@testable import ConcertoBatch

struct OutputRecoveryTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func line(_ id: String, error: Bool = false, status: Int? = 200) -> String {
        "{\"id\":\"\(id)\",\"status\":\(status.map(String.init) ?? "null"),\"error\":"
            + (error ? "{\"kind\":\"x\",\"message\":\"\"}" : "null") + "}\n"
    }

    /// A store that knows `states` and the first `committed` bytes of the output.
    private func store(_ states: [(String, RowState)], committed: String) async throws -> SQLiteStore {
        let store = try SQLiteStore(path: folder("store"), durable: false)
        _ = try await store.register(
            states.enumerated().map { index, row in
                RowRegistration(
                    RowIdentity(number: index + 1, line: index + 1, token: .string(row.0)), RowFingerprint())
            })
        try await store.commit(
            states.map { StateChange(key: $0.0, state: $0.1) }, outputLength: Int64(committed.utf8.count))
        return store
    }

    private func recover(_ store: SQLiteStore, retriesFailed: Bool = false, unsafe: Bool = false) async throws -> Int64
    {
        var options = BatchOptions()
        options.retriesFailed = retriesFailed
        options.repeatRule.repeatsUnsafe = unsafe
        let recovery = OutputRecovery(path: folder("out"), store: store)
        let file = try await recovery.open(options).file
        return try await options.retriesFailed ? recovery.forgetFailures(options).length : file.length
    }

    @Test func anOutputThatIsAsItWasLeftStaysSo() async throws {
        let text = line("a") + line("b", error: true)
        try folder.write("out", text)
        let store = try await store([("a", .succeeded), ("b", .failed), ("c", .pending)], committed: text)
        #expect(try await recover(store) == Int64(text.utf8.count))
        #expect(try folder.read("out") == text)
    }

    @Test func aTornLastLineIsCutOff() async throws {
        let (whole, torn) = (line("a"), line("b"))
        for count in 1..<torn.utf8.count {
            try? FileManager.default.removeItem(atPath: folder("store"))
            try folder.write("out", whole + String(torn.prefix(count)))
            let store = try await store([("a", .succeeded), ("b", .pending)], committed: whole)
            #expect(try await recover(store) == Int64(whole.utf8.count))
            #expect(try folder.read("out") == whole)
            #expect(try await store.states(of: ["b"]) == [.pending])
            try await store.close()
        }
    }

    @Test func wholeLinesThatWereNotCommittedAreAdopted() async throws {
        let (known, tail) = (line("a"), line("b") + line("c", error: true, status: 404))
        try folder.write("out", known + tail + "{\"id\":\"d\"")
        let store = try await store(
            [("a", .succeeded), ("b", .pending), ("c", .pending), ("d", .pending)], committed: known)
        #expect(try await recover(store) == Int64((known + tail).utf8.count))
        #expect(try folder.read("out") == known + tail)
        #expect(try await store.states(of: ["a", "b", "c", "d"]) == [.succeeded, .succeeded, .failed, .pending])
        #expect(try await store.outputLength() == Int64((known + tail).utf8.count))
    }

    // Without an answer, a call that must not be repeated has an unknown outcome: `--retry-failed` must not repeat it.
    @Test
    func anAdoptedFailureOfACallInFlightIsNotOneToRepeat() async throws {
        try folder.write("out", line("p", error: true, status: nil) + line("q", error: true, status: 404))
        let store = try await store([("p", .inFlight), ("q", .inFlight)], committed: "")
        _ = try await recover(store)
        #expect(try await store.states(of: ["p", "q"]) == [.unknown, .failed])
    }

    @Test(arguments: [
        "garbage\n", "{}\n", "{\"id\":\"zzz\",\"error\":null}\n", "{\"id\":\"a\",\"error\":null}\n", "\n",
    ])
    func aLineThatIsNoneOfTheRunsIsCutOffWithWhatFollows(strange: String) async throws {
        let known = line("a")
        try folder.write("out", known + strange + line("b"))
        let store = try await store([("a", .succeeded), ("b", .pending)], committed: known)
        #expect(try await recover(store) == Int64(known.utf8.count))
        #expect(try await store.states(of: ["b"]) == [.pending])
    }

    // T16: what a power cut had left was refused, and with it everything that had been paid for.
    @Test(arguments: [1, 3, 20, 60])
    func `an output that lost its last bytes is mended`(lost: Int) async throws {
        let lines = ["a", "b", "c"].map { line($0) }
        let text = lines.joined()
        try folder.write("out", String(text.dropLast(lost)))
        let store = try await store([("a", .succeeded), ("b", .succeeded), ("c", .failed)], committed: text)
        let kept = lost == 1 ? text : lost < lines[2].utf8.count ? lines[0] + lines[1] : lines[0]
        #expect(try await recover(store) == Int64(kept.utf8.count))
        #expect(try folder.read("out") == kept)
        let count = kept.split(separator: "\n").count
        let before: [RowState] = [.succeeded, .succeeded, .failed]
        let expected = (0..<3).map { $0 < count ? before[$0] : .inFlight }
        #expect(try await store.states(of: ["a", "b", "c"]) == expected)
        #expect(try await store.outputLength() == Int64(kept.utf8.count))
    }

    // T16: blocks that were never written come back as zeros.
    @Test func `zeros at the end of an output are no results`() async throws {
        let text = line("a") + line("b")
        try folder.write("out", line("a") + String(repeating: "\0", count: line("b").utf8.count))
        let store = try await store([("a", .succeeded), ("b", .succeeded)], committed: text)
        #expect(try await recover(store) == Int64(line("a").utf8.count))
        #expect(try await store.states(of: ["a", "b"]) == [.succeeded, .inFlight])
    }

    // The resume cut in the middle of a line: five rows were lost, with exit code 0.
    @Test func `an output whose line ends were converted keeps every result`() async throws {
        let rows = (1...40).map { ("r\($0)", $0 % 7 == 0 ? RowState.failed : .succeeded) }
        let text = rows.map { line($0.0, error: $0.1 == .failed) }.joined()
        let converted = text.replacingOccurrences(of: "\n", with: "\r\n")
        try folder.write("out", converted)
        let store = try await store(rows, committed: text)
        #expect(try await recover(store) == Int64(converted.utf8.count))
        #expect(try folder.read("out") == converted)
        #expect(try await store.finishedRows() == 40)
    }

    @Test func `a result that is missing in the middle makes its row one to call again`() async throws {
        let text = line("a") + line("b") + line("c")
        try folder.write("out", line("a") + line("c"))
        let store = try await store([("a", .succeeded), ("b", .succeeded), ("c", .succeeded)], committed: text)
        _ = try await recover(store)
        #expect(try await store.states(of: ["a", "b", "c"]) == [.succeeded, .inFlight, .succeeded])
    }

    @Test(arguments: [
        "", "another file\n", "another\n{\"id\":\"a\",\"error\":null}\n", "{\"id\":\"z\",\"error\":null}\n",
    ])
    func `an output of something else is refused and not touched`(other: String) async throws {
        let text = line("a") + line("b")
        try folder.write("out", other)
        let store = try await store([("a", .succeeded), ("b", .succeeded)], committed: text)
        let error = await #expect(throws: BatchError.self) { _ = try await recover(store) }
        #expect(error?.kind == .store && error?.description.contains(folder("out")) == true)
        #expect(try folder.read("out") == other)
        #expect(try await store.states(of: ["a", "b"]) == [.succeeded, .succeeded])
    }

    @Test func retryingFailuresTakesTheirLinesOut() async throws {
        let text = line("a") + line("f", error: true) + line("u", error: true, status: nil) + line("b")
        try folder.write("out", text)
        let store = try await store(
            [("a", .succeeded), ("f", .failed), ("u", .unknown), ("b", .succeeded)], committed: text)
        let kept = line("a") + line("u", error: true, status: nil) + line("b")
        #expect(try await recover(store, retriesFailed: true) == Int64(kept.utf8.count))
        #expect(try folder.read("out") == kept && !folder.exists("out.rewrite"))
        #expect(try await store.states(of: ["a", "f", "u", "b"]) == [.succeeded, .pending, .unknown, .succeeded])
        #expect(try await !store.awaitsRewrite())
        // What may be repeated whatever it does is repeated too.
        #expect(
            try await recover(store, retriesFailed: true, unsafe: true) == Int64((line("a") + line("b")).utf8.count))
        #expect(try await store.states(of: ["u"]) == [.pending])
    }

    @Test func aCrashBetweenAnyTwoStepsOfTheRewriteIsMadeGood() async throws {
        let (text, kept) = (line("f", error: true) + line("a") + line("g", error: true), line("a"))
        for step in ["copied", "forgotten", "renamed"] {
            try? FileManager.default.removeItem(atPath: folder("store"))
            try folder.write("out", text)
            let store = try await store([("f", .failed), ("a", .succeeded), ("g", .failed)], committed: text)
            try folder.write("out.rewrite", kept)
            if step != "copied" {
                try await store.forgetFailures(includingUnknown: false, outputLength: Int64(kept.utf8.count))
            }
            if step == "renamed" {
                #expect(rename(folder("out.rewrite"), folder("out")) == 0)
            }
            let length = try await recover(store, retriesFailed: step == "copied")
            #expect(length == Int64(kept.utf8.count), "\(step)")
            #expect(try folder.read("out") == kept && !folder.exists("out.rewrite"), "\(step)")
            #expect(try await store.states(of: ["f", "a", "g"]) == [.pending, .succeeded, .pending])
            #expect(try await !store.awaitsRewrite())
            try await store.close()
        }
    }

    @Test func aChangedOutputIsRefusedInsteadOfRewritten() async throws {
        let text = line("f", error: true) + line("a")
        try folder.write("out", "x" + text.dropFirst())
        let store = try await store([("f", .failed), ("a", .succeeded)], committed: text)
        let error = await #expect(throws: BatchError.self) { _ = try await recover(store, retriesFailed: true) }
        #expect(error?.description.contains("line 1") == true)
        #expect(try await store.states(of: ["f"]) == [.failed])
    }
}
#endif
