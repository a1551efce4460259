#if Batch
import ConcertoHTTP

/// Which of its calls a row is at: its own, or one that follows on it.
struct RowStep {
    /// 0 for the row's own call.
    let number: Int
    var call: HTTPCall
    /// Whether the call may arrive twice.
    let isRepeatable: Bool
    private let row: BatchRow

    /// - Parameter record: What an earlier run has kept of the row.
    init(_ row: BatchRow, after record: PageRecord?, _ parts: BatchRun.Parts) throws(StepMaker.Problem) {
        let number = parts.steps.count > 0 ? record?.number ?? 0 : 0
        guard let record, number > 0 else {
            self.init(row, 0, of: row, parts)
            return
        }
        self.init(row, number, of: try parts.steps.row(number, of: row, with: record.items), parts)
    }

    private init(_ row: BatchRow, _ number: Int, of made: BatchRow, _ parts: BatchRun.Parts) {
        (self.row, self.number) = (row, number)
        var call = parts.options.call(for: made, runID: parts.runID)
        if number > 0, parts.options.addsIdempotencyKeys {
            // Another call has another key.
            call.headers = call.headers.map { name, value in
                (name, name.lowercased() == "idempotency-key" ? "\(value)-\(number + 1)" : value)
            }
        }
        self.call = call
        isRepeatable = parts.options.repeatRule.isRepeatable(call)
    }

    /// The step that follows on an answer, and what is to be kept of it.
    func next(after reply: HTTPReply, _ parts: BatchRun.Parts) throws(StepMaker.Problem) -> (RowStep, PageRecord) {
        let values = try parts.steps.values(for: number + 1, of: reply, from: call.url)
        let made = try parts.steps.row(number + 1, of: row, with: values)
        let record = PageRecord(key: row.identity.key, number: number + 1, next: made.url, items: values)
        return (RowStep(row, number + 1, of: made, parts), record)
    }
}
#endif
