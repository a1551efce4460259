#if Batch
import ConcertoHTTP
import ConcertoTesting
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

/// Bytes that nobody meant: rows, answers, stores and outputs. Nothing ends the process, and what is written is JSON.
///
/// `CONCERTO_FUZZ=100000` takes so many rounds.
struct FuzzTests {
    private static let rounds = ProcessInfo.processInfo.environment["CONCERTO_FUZZ"].flatMap(Int.init) ?? 1_000

    private static let rows = [
        #"{"id":"o-1","method":"PATCH","url":"http://u:p@h:80/a%20b?c=d#e","headers":{"X-A":"1","x-a":"2"},"body":{"n":[1e2,null,true,"\ud83d\ude00"]},"timeout":"1.5s","metadata":[ 1 ]}"#,
        #"{"url":"https://[::1]:8443/é?{env:P}","id":12345678901234567890123,"body":"text \u0000 \ud83d","timeout":86400}"#,
        #"{"id":null,"url":"http://xn--bcher-kva.example/","headers":{},"metadata":{"a":{"b":{"c":[[[[]]]]}}}}"#,
    ].map { Array($0.utf8) }

    /// Pieces that are more likely to hit something than single bytes.
    private static let pieces: [[UInt8]] =
        [
            "\\u0000", "\\ud83d", "\\uDE00", "\"", "\\", "{", "}", "[", "]", ":", ",", "-", "9999999999999999999999",
            "1e400",
            "\u{FEFF}", "\u{2028}", "://", "@", "#", "%", "%zz", "{env:P}", "{env:", "{server}", ":99999", ":-1", "[::",
            "\r\n",
            "\u{1B}[2J", "null", "é",
        ].map { Array($0.utf8) } + [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0], Array(repeating: UInt8(ascii: "["), count: 600),
        ]

    private func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let length = min(Int.random(in: 0...12, using: &random), bytes.count - place)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(place..<(place + length))
            case 1: bytes.insert(contentsOf: bytes[place..<(place + length)], at: place)
            case 2: bytes.insert(contentsOf: Self.pieces.randomElement(using: &random)!, at: place)
            case 3: bytes.replaceSubrange(place..<(place + length), with: Self.pieces.randomElement(using: &random)!)
            case 4: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
            default: bytes.removeLast(bytes.count - place)
            }
        }
        return bytes
    }

    /// Whether `line` is a result on a line of its own.
    private func isResult(_ line: [UInt8]) -> Bool {
        // Lone surrogates pass through; Foundation reads none. What replaces them is an escape with and without the
        // backslash before it.
        let text = String(decoding: line, as: UTF8.self).replacing(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/, with: "\\n")
        guard line.last == UInt8(ascii: "\n"), !line.dropLast().contains(UInt8(ascii: "\n")),
            let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        else { return false }
        return Set(object.keys).isSuperset(of: ["id", "status", "body", "attempts", "error", "metadata"])
    }

    @Test func `whatever a row and its answer are, a line of JSON comes out`() throws {
        var random = seededRandom()
        let parser = RowParser(
            substitution: Substitution(environment: ["P": "v\r\n"]), secretHeaders: ["x-a"], key: .random())
        var options = BatchOptions()
        options.addsIdempotencyKeys = true
        let encoder = ResultEncoder(showsHeaders: true, secretHeaders: [])
        for round in 0..<Self.rounds {
            let row = mutated(Self.rows[round % Self.rows.count], &random).filter { $0 != 0x0A }
            let item = parser.parse(row[...], number: round + 1, lineNumber: round + 1)
            var result: RowResult
            switch item {
            case .failure(let invalid):
                result = RowResult(
                    identity: invalid.identity, outcome: .failed(kind: "invalid_row", message: invalid.reason),
                    metadata: invalid.metadata)
            case .success(let row):
                let call = options.call(for: row, runID: "run")
                for (name, value) in call.headers { #expect(HeaderRules.problem(name: name, value: value) == nil) }
                var reply = HTTPReply(status: Int.random(in: 100...999, using: &random))
                let type = ["application/json", "text/plain", "a/b+JSON; x", "", "\u{FF}"].randomElement(
                    using: &random)!
                reply.headers = HTTPHeaders([
                    ("Content-Type", type), ("X-\(round)", String(decoding: row.body ?? [], as: UTF8.self)),
                ])
                reply.body = ByteBuffer(bytes: mutated(Self.rows[1], &random))
                reply.isTruncated = Bool.random(using: &random)
                result = RowResult(identity: row.identity, outcome: .answered(reply), metadata: row.metadata)
            }
            if !isResult(encoder.line(for: result)) {
                Issue.record("round \(round): \(Data(row).base64EncodedString())")
            }
            _ = RowRegistration(item)
            _ = Visible.text(item.identity.key)
        }
    }

    @Test func `whatever a file is, it is read to its end or refused`() throws {
        var random = seededRandom()
        let folder = try TemporaryFolder()
        let text = Self.rows.reduce(into: [UInt8]()) { $0 += $1 + [0x0A] }
        for _ in 0..<(Self.rounds / 10) {
            try Data(mutated(text, &random)).write(to: URL(fileURLWithPath: folder("input")))
            var reader = try InputFile(path: folder("input")).reader()
            do {
                while let line = try reader.next() { _ = line.count }
            } catch {
                #expect(error is BatchError)
            }
        }
    }

    // A value of another type in a column ended the process.
    @Test func `whatever a store holds, it is used or refused`() async throws {
        var random = seededRandom()
        let folder = try TemporaryFolder()
        let first = try SQLiteStore(path: folder("store"), durable: false)
        let parser = RowParser(substitution: Substitution(), secretHeaders: [])
        let rows = Self.rows.indices.map {
            RowRegistration(parser.parse(Self.rows[$0][...], number: $0 + 1, lineNumber: $0 + 1))
        }
        _ = try await first.register(rows)
        try await first.setOptions(BatchOptions().identity(key: first.key))
        try await first.acceptRows()
        try await first.close()
        let pristine = try Data(contentsOf: URL(fileURLWithPath: folder("store")))
        for _ in 0..<(Self.rounds / 20) {
            var bytes = [UInt8](pristine)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: folder("store")))
            for name in ["store-wal", "store-shm"] { unlink(folder(name)) }
            do {
                let store = try SQLiteStore(path: folder("store"), durable: false)
                do {
                    _ = try await store.options()
                    _ = try await store.register(rows)
                    _ = try await store.states(of: rows.map(\.key))
                    _ = try await store.fingerprints(of: rows.map(\.key))
                    _ = try await (
                        store.vanishedRow(), store.outputLength(), store.awaitsRewrite(), store.finishedRows()
                    )
                } catch {
                    #expect(error is BatchError, "\(error)")
                }
                try? await store.close()
            } catch {
                #expect(error is BatchError, "\(error)")
            }
        }
    }

    @Test(arguments: [
        "UPDATE row SET state = 'x'", "UPDATE row SET line = 'x'", "UPDATE row SET fingerprint = 7",
        "UPDATE row SET pass = x'00'", "UPDATE option SET value = x'FF'",
    ])
    func `a column of another type is a damaged store`(sql: String) async throws {
        let folder = try TemporaryFolder()
        let first = try SQLiteStore(path: folder("store"), durable: false)
        let row = RowRegistration(RowIdentity(number: 1, line: 1), RowFingerprint())
        _ = try await first.register([row])
        try await first.setOptions(["a": "b"])
        try await first.acceptRows()
        try await first.close()
        try SQLiteEditor.execute(folder("store"), sql)
        let store = try SQLiteStore(path: folder("store"), durable: false)
        let error = await #expect(throws: BatchError.self) {
            _ = try await store.options()
            _ = try await store.outputLength()
            _ = try await store.register([row])
            _ = try await store.states(of: [row.key])
            throw BatchError.configuration("nothing was noticed, and nothing has ended the process")
        }
        #expect(error?.kind == .store)
    }
}
#endif
