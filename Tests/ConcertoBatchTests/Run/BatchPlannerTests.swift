#if Batch
import Testing

@testable import ConcertoBatch

struct BatchPlannerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func plan(_ text: String, strict: Bool = false, resumed: Bool = false) async throws -> BatchPlanner.Plan {
        let store = try SQLiteStore(path: folder("store"), durable: false)
        let planner = BatchPlanner(
            parser: RowParser(substitution: Substitution(), secretHeaders: []), store: store, isStrict: strict,
            isResumed: resumed)
        let plan: BatchPlanner.Plan
        do {
            plan = try await planner.plan(try InputFile(path: try folder.write("input", text)))
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
        return plan
    }

    private func row(_ id: String, _ url: String = "http://h/") -> String { "{\"id\":\"\(id)\",\"url\":\"\(url)\"}\n" }

    @Test func rowsAreCountedAndBlankLinesAreNone() async throws {
        #expect(try await plan("\n" + row("a") + "  \r\n" + row("b") + "{\"url\":\"http://h/\"}").total == 3)
    }

    @Test func rowsWithOneIdNameBothLinesAlsoFarApart() async throws {
        let text = "\n" + row("x") + (0..<1_500).map { row("\($0 + 10_000)") }.joined() + row("x")
        let error = await #expect(throws: BatchError.self) { _ = try await plan(text) }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains("lines 2 and 1503 have the same id 'x'") == true)
    }

    // S3: the message said that line 2 had an id, which it has not.
    @Test(arguments: [
        ("{\"url\":\"http://h/\"}\n{\"id\":1,\"url\":\"http://h/\"}", "lines 1 and 2 have the same id '1'"),
        (
            "{\"id\":2,\"url\":\"http://h/\"}\n{\"url\":\"http://h/\"}",
            "line 2 has no id, so that it is called 2, its row's number, but line 1 is called so already; give it an id"
        ),
    ])
    func anIdMayNotBeTheNumberOfARowWithoutOne(text: String, message: String) async throws {
        let error = await #expect(throws: BatchError.self) { _ = try await plan(text) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    // S3, kind 7: ids that differ in lone surrogates were one id.
    @Test func `ids that differ in lone surrogates are different rows`() async throws {
        let text = [#"\ud83d"#, #"\ud83e"#, #"\uFFFD"#, "\u{FFFD}x", #"\uffff"#, #"\uffffd83d"#]
            .map { row($0) }.joined()
        #expect(try await plan(text).total == 6)
        let error = await #expect(throws: BatchError.self) { _ = try await plan(row(#"\uD83D"#) + row(#"\ud83d"#)) }
        #expect(error?.description.contains("have the same id") == true)
    }

    @Test func aBrokenRowStopsAStrictRunOnly() async throws {
        let text = row("a") + "\nnonsense\n"
        #expect(try await plan(text).total == 2)
        let folder = try TemporaryFolder()
        _ = folder
        let error = await #expect(throws: BatchError.self) {
            _ = try await BatchPlannerTests().plan(text, strict: true)
        }
        #expect(error?.kind == .configuration && error?.description.hasPrefix("line 3: not a JSON object") == true)
    }

    @Test func aChangedRowIsRefusedWithTheDifferenceNamed() async throws {
        _ = try await plan(row("a") + row("b"))
        let error = await #expect(throws: BatchError.self) {
            _ = try await plan(row("a") + "\n" + row("b", "http://g/"), resumed: true)
        }
        #expect(error?.kind == .store)
        for part in ["row 'b'", "line 3", "line 2", "its url changed"] {
            #expect(error?.description.contains(part) == true, "\(part)")
        }
    }

    @Test func anUnfinishedRowThatIsGoneIsNamed() async throws {
        _ = try await plan(row("a") + row("b"))
        let error = await #expect(throws: BatchError.self) { _ = try await plan(row("a"), resumed: true) }
        #expect(error?.kind == .store && error?.description.contains("row 'b'") == true)
    }

    @Test func knownRowsKeepTheirStateAndNewOnesBetweenThemArePending() async throws {
        _ = try await plan(row("a") + row("b") + row("c"))
        let store = try SQLiteStore(path: folder("store"), durable: false)
        try await store.commit(
            [StateChange(key: "a", state: .succeeded), StateChange(key: "c", state: .inFlight)], outputLength: 0)
        try await store.close()
        let plan = try await plan(row("n") + row("a") + row("c") + row("b") + row("o"), resumed: true)
        #expect((1...4).map { plan.known[$0] } == [.pending, .succeeded, .inFlight, .pending])
        #expect(plan.known.finished == 1 && plan.total == 5)
    }

    // Rows of a wrong input that was refused stayed in the store, and the right one was refused for ever.
    @Test func aRefusedInputLeavesNoTrace() async throws {
        let right = row("a") + row("b")
        _ = try await plan(right)
        for wrong in [
            row("x") + row("y"), row("new") + row("a", "http://changed/"), row("a") + row("b") + row("z") + row("z"),
        ] {
            await #expect(throws: BatchError.self) { _ = try await plan(wrong, resumed: true) }
            #expect(try await plan(right, resumed: true).total == 2)
        }
    }
}
#endif
