#if Batch
import Foundation

/// Makes of a run's results what is asked for in the end: the order of the input, or a table.
///
/// The results themselves stay, as they came, in a file of their own: what a run goes on with after a crash is that and
/// the store, and what is made of it is made anew, as a whole, whenever a run ends.
struct ResultExport: Sendable {
    private struct Place {
        var line: Int
        var offset: Int64
        var length: Int
    }

    /// The results as they came.
    var source: ResultFile
    var form: OutputForm
    var selections: [String]
    /// Whether the input's rows have columns, which become those of a table.
    var hasColumns: Bool
    var store: any BatchStore

    private static let batchSize = 1_000

    /// Hands everything to `write`, some at a time.
    func run(_ write: ([UInt8]) throws -> Void) async throws {
        var (places, columns) = try await places()
        places.sort { ($0.line, $0.offset) < ($1.line, $1.offset) }
        var table = form == .ndjson ? nil : ResultTable(form: form, selections: selections, columns: columns)
        var buffer = table?.header ?? []
        for place in places {
            let line = try source.read(place.length, at: place.offset)
            if table != nil {
                try table?.append(line, to: &buffer)
            } else {
                buffer += line
                buffer.append(UInt8(ascii: "\n"))
            }
            guard buffer.count > 1 << 20 else { continue }
            try write(buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        try write(buffer)
    }

    /// Where each result stands, and the columns of the input.
    private func places() async throws -> ([Place], columns: [String]?) {
        var (reader, close) = try source.lines(from: 0)
        defer { close() }
        var places: [Place] = []
        var columns: [String]?
        var ids: [String] = []
        func number() async throws {
            for (index, line) in try await store.lines(of: ids).enumerated() {
                places[places.count - ids.count + index].line = line ?? .max
            }
            ids.removeAll(keepingCapacity: true)
        }
        while true {
            let offset = reader.offset
            guard let line = try reader.next() else { break }
            let members = try ResultTable.members(of: Array(line))
            guard let id = members.first(where: { $0.key == "id" })?.value else { continue }
            if columns == nil, let metadata = members.last(where: { $0.key == "metadata" })?.value {
                let names = (try? ResultTable.members(of: metadata.bytes).map(\.key)) ?? []
                if !names.isEmpty, hasColumns || names == [CellTemplate.lineColumn] { columns = names }
            }
            ids.append(id.idKey)
            places.append(Place(line: 0, offset: offset, length: line.count))
            if ids.count == Self.batchSize { try await number() }
        }
        try await number()
        return (places, columns)
    }
}
#endif
