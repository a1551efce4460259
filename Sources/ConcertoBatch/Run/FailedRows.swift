#if Batch
import Foundation

/// The rows of an input that have failed, as an input for another run.
struct FailedRows {
    var input: InputFile
    var shape: InputShape
    var parser: RowParser
    var store: any BatchStore
    /// Rows of the input, those that came later left out.
    var limit: Int

    private static let batchSize = 1_000

    /// Writes them, in order, as they stand in the input; without one there is no file afterwards.
    ///
    /// - Parameter includingUnknown: Whether calls that may have taken effect are to be made again.
    /// - Returns: How many rows of unknown outcome have been left out.
    func write(to path: String, includingUnknown: Bool) async throws -> Int {
        let part = path + ".part"
        unlink(part)
        let file = try ResultFile(path: part, durable: false)
        var reader = RowReader(input, shape)
        var (number, left, hasAny) = (0, 0, false)
        var batch: [(key: String, record: InputRecord)] = []
        func take() async throws {
            var text: [UInt8] = []
            for (row, state) in zip(batch, try await store.states(of: batch.map(\.key))) {
                if state == .unknown, !includingUnknown { left += 1 }
                guard state == .failed || state == .unknown && includingUnknown else { continue }
                if !hasAny, let header = header(of: row.record) { text += header }
                hasAny = true
                append(row.record, to: &text)
            }
            try file.append(text)
            batch.removeAll(keepingCapacity: true)
        }
        while number < limit, let record = try reader.next() {
            number += 1
            batch.append((parser.parse(record, number: number).identity.key, record.owned))
            if batch.count == Self.batchSize { try await take() }
        }
        try await take()
        guard hasAny else {
            unlink(part)
            unlink(path)
            return left
        }
        guard rename(part, path) == 0 else {
            throw BatchError.store("the failed rows can't be written to '\(path)': \(SystemError(errno))")
        }
        return left
    }

    /// What is between two cells; `nil` where rows are lines.
    private var separator: UInt8? {
        switch shape.form {
        case .csv: shape.delimiter ?? UInt8(ascii: ",")
        case .tsv: shape.delimiter ?? 0x09
        default: nil
        }
    }

    private func header(of record: InputRecord) -> [UInt8]? {
        guard let separator, shape.hasHeader, case .cells(_, let template) = record.content else { return nil }
        // A delimiter that the first line told is told again.
        return row(template.columns, separator)
    }

    private func append(_ record: InputRecord, to text: inout [UInt8]) {
        switch record.content {
        case .object(let line):
            text += line
            text.append(0x0A)
        case .cells(let cells, _): text += separator.map { row(cells, $0) } ?? Array((cells.joined() + "\n").utf8)
        }
    }

    private func row(_ cells: [String], _ separator: UInt8) -> [UInt8] {
        var row: [UInt8] = []
        for (index, cell) in cells.enumerated() {
            if index > 0 { row.append(separator) }
            row.appendCell(cell, separator: separator)
        }
        // One empty cell alone would be no row.
        return (row.isEmpty ? [0x22, 0x22] : row) + [0x0A]
    }
}
#endif
