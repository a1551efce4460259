#if Batch
/// Reads `500ms`, `2s`, `1.5s`, `5m`, `1h` or a bare number of seconds; `nil` for anything else and below zero.
public func parseDuration(_ text: String) -> Duration? {
    let units: [(suffix: String, seconds: Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
    let unit = units.first { text.hasSuffix($0.suffix) }
    let digits = text.dropLast(unit?.suffix.count ?? 0)
    guard let first = digits.first, first.isASCII, first.isNumber || first == ".",
        let number = Double(digits), number.isFinite, number >= 0
    else { return nil }
    let seconds = number * (unit?.seconds ?? 1)
    return seconds < 1e9 ? .seconds(seconds) : nil
}
#endif
