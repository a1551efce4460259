#if Batch
/// A row as it stands in the input, before it is a call.
struct InputRecord: Sendable {
    enum Content: Sendable {
        /// A line that should be an object.
        case object(ArraySlice<UInt8>)
        /// The cells of a table's row, and what makes a call of them.
        case cells([String], CellTemplate)
    }

    var content: Content
    /// The line of the input at which it begins, from 1.
    var line: Int

    /// Bytes that it takes as text.
    var size: Int {
        switch content {
        case .object(let bytes): bytes.count
        case .cells(let cells, _): cells.reduce(0) { $0 + $1.utf8.count }
        }
    }

    /// The same, sharing no memory with what it was read into.
    var owned: InputRecord {
        guard case .object(let bytes) = content else { return self }
        return InputRecord(content: .object(Array(bytes)[...]), line: line)
    }
}
#endif
