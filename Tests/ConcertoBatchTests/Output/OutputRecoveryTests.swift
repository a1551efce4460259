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
        return try await OutputRecovery(path: folder("out"), store: store).open(options).length
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
    @Test(.disabled("defect: an adopted unknown outcome becomes failed"))
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

    @Test func aShorterOutputIsRefusedAndNotTouched() async throws {
        let text = line("a") + line("b")
        try folder.write("out", line("a"))
        let store = try await store([("a", .succeeded), ("b", .succeeded)], committed: text)
        let error = await #expect(throws: BatchError.self) { _ = try await recover(store) }
        #expect(error?.kind == .store && error?.description.contains(folder("out")) == true)
        #expect(try folder.read("out") == line("a"))
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
