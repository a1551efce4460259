import Testing

/// Says which row of .NET's semantics a test stands for; the conformance page is made from these.
struct ConformanceRow: TestTrait, SuiteTrait {
    let ids: [String]
}

extension Trait where Self == ConformanceRow {
    static func row(_ ids: String...) -> Self { ConformanceRow(ids: ids) }
}
