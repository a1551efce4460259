#if Batch
/// What earlier runs did with the rows of the input, by number: one byte a row, and nothing for a new run.
struct KnownRows: Sendable {
    private var states: [UInt8] = []
    /// Finished rows.
    private(set) var finished = 0

    /// Rows that earlier runs have seen.
    var count: Int { states.count }

    subscript(number: Int) -> RowState? {
        guard number <= states.count else { return nil }
        return RowState(rawValue: Int(states[number - 1]))
    }

    /// Notes the state of the next row. New rows behind known ones need no note.
    mutating func append(_ state: RowState) {
        states.append(UInt8(state.rawValue))
        if state.isFinished { finished += 1 }
    }
}
#endif
