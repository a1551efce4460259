#if Batch
/// What earlier runs did with the rows of the input, by number: one byte a row, and nothing for a new run.
struct KnownRows: Sendable {
    private var states: [UInt8] = []
    /// Finished rows.
    private(set) var finished = 0
    /// Those of them that have failed.
    private(set) var failed = 0

    /// Rows that earlier runs have seen.
    var count: Int { states.count }

    subscript(number: Int) -> RowState? {
        guard number >= 1, number <= states.count else { return nil }
        return RowState(rawValue: Int(states[number - 1]))
    }

    /// So many rows of `total`, chosen at random among those that are not finished; all of them if they are no more.
    func sample(_ count: Int, of total: Int) -> Set<Int> {
        // Algorithm R (Vitter 1985): each row that comes takes the place of a chosen one with the probability count ÷ rows so far.
        var chosen: [Int] = []
        var seen = 0
        for number in stride(from: 1, through: total, by: 1) where self[number]?.isFinished != true {
            seen += 1
            if chosen.count < count {
                chosen.append(number)
            } else if case let place = Int.random(in: 0..<seen), place < count {
                chosen[place] = number
            }
        }
        return Set(chosen)
    }

    /// Makes failed rows pending again.
    mutating func forgetFailures(includingUnknown: Bool) {
        for index in states.indices {
            let state = RowState(rawValue: Int(states[index]))
            guard state == .failed || includingUnknown && state == .unknown else { continue }
            states[index] = UInt8(RowState.pending.rawValue)
            finished -= 1
            failed -= 1
        }
    }

    /// Notes the state of the next row. New rows behind known ones need no note.
    mutating func append(_ state: RowState) {
        states.append(UInt8(state.rawValue))
        if state.isFinished { finished += 1 }
        if state.isFailure { failed += 1 }
    }
}
#endif
