#if Batch
import Foundation
import GRDB
import Testing

@testable import ConcertoBatch

struct SQLiteStoreTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func store() throws -> SQLiteStore { try SQLiteStore(path: folder("store"), durable: false) }

    private func row(_ key: String, line: Int = 1, method: String = "GET") -> RowRegistration {
        var fingerprint = RowFingerprint()
        fingerprint.note("method", method.utf8, key: .zero)
        return RowRegistration(RowIdentity(number: line, line: line, token: .string(key)), fingerprint)
    }

    @Test func rowsAreNewOnceThenDuplicatesThenKnown() async throws {
        let first = try store()
        let answers = try await first.register([row("a", line: 1), row("b", line: 2), row("a", line: 3)])
        guard case .new = answers[0], case .new = answers[1], case .duplicate(line: 1) = answers[2] else {
            Issue.record("\(answers)")
            return
        }
        try await first.commit([StateChange(key: "a", state: .succeeded)], outputLength: 10)
        try await first.acceptRows()
        try await first.close()
        let second = try store()
        #expect(second.runID == first.runID)
        #expect(try await second.outputLength() == 10)
        let again = try await second.register([row("a", line: 5, method: "PUT"), row("c", line: 6), row("a", line: 7)])
        guard case .known(state: .succeeded, line: 1, fingerprint: let fingerprint) = again[0], case .new = again[1],
            case .duplicate(line: 5) = again[2]
        else {
            Issue.record("\(again)")
            return
        }
        #expect(row("a", method: "PUT").fingerprint.differences(from: fingerprint) == ["method"])
        #expect(try await second.states(of: ["a", "b", "c", "x"]) == [.succeeded, .pending, .pending, nil])
        let vanished = try #require(try await second.vanishedRow())
        #expect(vanished.key == "b" && vanished.line == 2)
        try await second.close()
    }

    @Test func idsThatLookAlikeAreDifferentRows() async throws {
        let store = try store()
        let answers = try await store.register([row("é"), row("e\u{301}"), row("a"), row("A")])
        for answer in answers { if case .new = answer {} else { Issue.record("\(answer)") } }
    }

    @Test func failuresCanBeForgotten() async throws {
        let store = try store()
        _ = try await store.register(["s", "f", "u", "p", "i"].map { row($0) })
        try await store.commit(
            [
                StateChange(key: "s", state: .succeeded), StateChange(key: "f", state: .failed),
                StateChange(key: "u", state: .unknown), StateChange(key: "i", state: .inFlight),
            ], outputLength: 100)
        try await store.forgetFailures(includingUnknown: false, outputLength: 50)
        #expect(try await store.awaitsRewrite())
        #expect(try await store.outputLength() == 50)
        #expect(
            try await store.states(of: ["s", "f", "u", "p", "i"])
                == [.succeeded, .pending, .unknown, .pending, .inFlight])
        try await store.outputIsRewritten()
        #expect(try await !store.awaitsRewrite())
        try await store.forgetFailures(includingUnknown: true, outputLength: 50)
        #expect(try await store.states(of: ["u"]) == [.pending])
    }

    @Test func optionsAreRemembered() async throws {
        let first = try store()
        #expect(try await first.options().isEmpty)
        try await first.setOptions(["a": "1", "b": "é"])
        try await first.close()
        #expect(try await store().options() == ["a": "1", "b": "é"])
    }

    @Test func aTemporaryStoreWorksAndLeavesNothing() async throws {
        let store = try SQLiteStore(path: nil, durable: false)
        _ = try await store.register([row("a")])
        try await store.commit([StateChange(key: "a", state: .failed)], outputLength: 1)
        #expect(try await store.states(of: ["a"]) == [.failed])
        try await store.close()
    }

    @Test func aDurableStoreIsOneToo() async throws {
        let store = try SQLiteStore(path: folder("durable"), durable: true)
        #expect(try await store.register([row("a")]).count == 1)
    }

    @Test func aStoreOfAnotherVersionIsRefused() async throws {
        try await store().close()
        let database = try DatabaseQueue(path: folder("store"))
        try await database.write { try $0.execute(sql: "UPDATE run SET value = 99 WHERE key = 'schema'") }
        try database.close()
        let error = #expect(throws: BatchError.self) { try store() }
        #expect(error?.kind == .store && error?.description.contains("version 99") == true)
    }

    @Test func anotherDatabaseAndAnotherFileAreRefused() async throws {
        let database = try DatabaseQueue(path: folder("store"))
        try await database.write { try $0.execute(sql: "CREATE TABLE mine (x)") }
        try database.close()
        #expect(throws: BatchError.self) { try store() }
        try folder.write("text", String(repeating: "this is no database\n", count: 100))
        let error = #expect(throws: BatchError.self) { try SQLiteStore(path: folder("text"), durable: false) }
        #expect(error?.kind == .store && error?.description.contains("can't be used as a store") == true)
        #expect(throws: BatchError.self) { try SQLiteStore(path: folder("no/such/folder"), durable: false) }
    }

    @Test func damagedRowsAreNamed() async throws {
        let first = try store()
        _ = try await first.register([row("a")])
        try await first.acceptRows()
        try await first.close()
        let database = try DatabaseQueue(path: folder("store"))
        try await database.write { try $0.execute(sql: "UPDATE row SET fingerprint = x'00'") }
        try database.close()
        let second = try store()
        let error = await #expect(throws: BatchError.self) { try await second.register([row("a")]) }
        #expect(error?.description.contains("damaged") == true)
    }
}
#endif
