#if Batch
import Foundation

/// What the calls of a shared run are made by, as its store keeps it.
package struct SharedRunOptions: Codable, Sendable {
    /// What idempotency keys begin with: the same for all its workers.
    package var identity: String
    /// The words of the command that submitted it, without the store's.
    package var words: [String]
    /// The columns of its rows; `nil` where rows are objects.
    package var columns: [String]?
    /// The rates that all its workers keep together, as ``CallRate`` reads them.
    package var rates: [String]

    package init(words: [String], rates: [String] = []) {
        identity = UUID().uuidString.lowercased()
        (self.words, self.rates) = (words, rates)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        identity = try container.decode(String.self, forKey: .identity)
        words = try container.decode([String].self, forKey: .words)
        columns = try container.decodeIfPresent([String].self, forKey: .columns)
        // Runs of before there were any have none.
        rates = try container.decodeIfPresent([String].self, forKey: .rates) ?? []
    }

    package init(_ run: SharedRun) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(run.options))
        } catch {
            throw BatchError.store("the options of the run '\(run.name)' can't be read: submit it again")
        }
    }

    /// The rates, each of which is kept or refused.
    func callRates() throws -> [CallRate] {
        try rates.map { text in
            guard let rate = CallRate(text), !rate.isWeighted else {
                throw BatchError.configuration(
                    "the run's --rate '\(Visible.text(text))' can't be read here: take the concerto that submitted it, or "
                        + "submit it again")
            }
            return rate
        }
    }

    package var bytes: [UInt8] { [UInt8]((try? JSONEncoder().encode(self)) ?? Data()) }
}

/// Makes rows of what a shared store holds.
struct SharedRowReader: Sendable {
    private let parser: RowParser
    private let template: CellTemplate?

    init(_ options: BatchOptions, columns: [String]?) throws {
        parser = try RowParser(options)
        template = try columns.map { try CellTemplate(InputShape(options), columns: $0) }
    }

    func item(_ row: SharedRow) -> RowSource.Item {
        guard let template else {
            return parser.parse(InputRecord(content: .object(row.text[...]), line: row.line), number: row.number)
        }
        return parser.parse(
            InputRecord(content: .cells(Self.cells(row.text), template), line: row.line), number: row.number)
    }

    /// A record as the store keeps it: an object as it stands in the input, cells as a list.
    static func text(of record: InputRecord) -> [UInt8] {
        switch record.content {
        case .object(let bytes): return Array(bytes)
        case .cells(let cells, _):
            var text: [UInt8] = [UInt8(ascii: "[")]
            for (index, cell) in cells.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text.appendJSONString(cell.utf8)
            }
            return text + [UInt8(ascii: "]")]
        }
    }

    private static func cells(_ text: [UInt8]) -> [String] {
        (try? JSONDecoder().decode([String].self, from: Data(text))) ?? []
    }
}

/// Brings an input into a shared store.
package struct SharedSubmission: Sendable {
    private let options: BatchOptions

    /// - Parameter options: Their input must be a file: it is read twice, so that nothing is stored of one that is refused.
    package init(_ options: BatchOptions) { self.options = options }

    /// Checks the rows, as a run of its own would, and loads them.
    ///
    /// - Throws: ``BatchError``; nothing is stored then.
    package func run(
        _ name: String, _ run: SharedRunOptions, priority: Int, workers: Int, into store: any SharedStore
    ) async throws -> SharedRun {
        guard options.problems.isEmpty else {
            throw BatchError.configuration(options.problems.joined(separator: "; "))
        }
        let input = try InputFile(path: options.input)
        guard input.isRewindable else {
            throw BatchError.configuration("submit needs an input file, which is checked before it is loaded")
        }
        let shape = InputShape(options)
        let parser = try RowParser(options)
        let ids = try SQLiteStore(path: nil, durable: false)
        let planner = BatchPlanner(
            parser: parser, shape: shape, store: ids, isStrict: options.strict, isResumed: false,
            notice: options.notice ?? { _ in })
        let total: Int
        do { total = try await planner.plan(input).total } catch {
            try await ids.close()
            throw error
        }
        try await ids.close()
        let version = input.version
        var run = run
        var first = RowReader(input, shape)
        if case .cells(_, let template)? = try first.next()?.content { run.columns = template.columns }
        var draft = SharedRunDraft(name: name, options: run.bytes, rows: total, workers: workers)
        draft.priority = priority
        let cursor = RowCursor(rows: RowReader(input, shape), limit: total)
        let stored = try await store.submit(draft) { try await cursor.next() }
        guard input.version == version, stored.rows == total else {
            try await store.drop(stored)
            throw BatchError.configuration("\(input.name) was changed while it was read; submit it again")
        }
        return stored
    }
}

/// Reads the rows of an input one after the other, as a store keeps them.
private actor RowCursor {
    private var rows: RowReader
    private let limit: Int
    private var number = 0

    init(rows: RowReader, limit: Int) { (self.rows, self.limit) = (rows, limit) }

    func next() throws -> SharedRow? {
        guard number < limit, let record = try rows.next() else { return nil }
        number += 1
        return SharedRow(number: number, line: record.line, text: SharedRowReader.text(of: record))
    }
}
#endif
