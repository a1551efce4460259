#if Batch
/// How results are written.
public enum OutputForm: String, Sendable, CaseIterable {
    /// By the output's name: a table if it ends in `.csv` or `.tsv`, otherwise NDJSON.
    case auto
    /// A JSON object a line.
    case ndjson
    /// A table with commas.
    case csv
    /// A table with tabs.
    case tsv
}
#endif
