#if Batch
import ConcertoHTTP
import Foundation

@testable import ConcertoBatch

/// What a file's rows become, without a run.
struct CallsOf {
    let folder: TemporaryFolder
    private(set) var options = BatchOptions()

    init(_ name: String, _ text: some Sequence<UInt8>, _ change: (inout BatchOptions) -> Void = { _ in }) throws {
        folder = try TemporaryFolder()
        options.input = folder(name)
        try Data(text).write(to: URL(fileURLWithPath: folder(name)))
        change(&options)
    }

    init(_ name: String, _ text: String, _ change: (inout BatchOptions) -> Void = { _ in }) throws {
        try self.init(name, Array(text.utf8), change)
    }

    func items() throws -> [RowSource.Item] {
        guard options.problems.isEmpty else { throw BatchError.configuration(options.problems.joined(separator: "; ")) }
        let parser = try RowParser(options)
        var reader = RowReader(try InputFile(path: options.input), InputShape(options))
        var items: [RowSource.Item] = []
        while let record = try reader.next() { items.append(parser.parse(record, number: items.count + 1)) }
        return items
    }

    func rows() throws -> [BatchRow] { try items().map { try $0.get() } }

    func urls() throws -> [String] { try rows().map(\.url) }

    func reasons() throws -> [String?] {
        try items().map { if case .failure(let row) = $0 { "line \(row.identity.line): \(row.reason)" } else { nil } }
    }
}

extension BatchRow {
    var text: String? { body.map { String(decoding: $0, as: UTF8.self) } }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}
#endif
