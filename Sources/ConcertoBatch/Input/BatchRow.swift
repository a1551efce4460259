#if Batch
/// One call to make, as a line of the input describes it.
struct BatchRow: Sendable {
    /// Where the row stands and what it is called.
    var identity: RowIdentity
    var method: String
    /// The URL, substitutions made.
    var url: String
    /// `host:port` in lower case, and whose key it is where that matters: what limits, gates and budgets are kept by.
    var host: String
    /// Whose key it is, by a name that shows nothing of it; empty where that does not matter.
    var account = ""
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    /// Seconds one attempt may take; overrides the run's.
    var timeout: Duration?
    /// Handed through to the result.
    var metadata: JSONText?
    var fingerprint: RowFingerprint
    /// Whether the URL has a fragment, which is not sent, that looks as if it should be.
    var losesText = false
    /// What further steps need of the row.
    var columns: [String: TemplateValue] = [:]
    /// Values that no file may hold.
    var secrets: [String] = []
}

/// Where a row stands in the input and what it is called in the output.
struct RowIdentity: Sendable {
    /// 1 for the first row; lines without text are no rows.
    var number: Int
    /// The line of the input, from 1.
    var line: Int
    /// The id as the output shows it: a JSON string, or an integer where the input has none or an integer.
    var token: JSONText
    /// The id as the store knows it.
    var key: String
    /// Whether the row itself says what it is called.
    var isOwn: Bool

    init(number: Int, line: Int, token: JSONText? = nil) {
        self.number = number
        self.line = line
        self.token = token ?? .integer(number)
        key = self.token.idKey
        isOwn = token != nil
    }

    /// What is wrong if the row on `line` has the same id.
    func collision(with line: Int) -> String {
        let shown = Visible.text(key)
        guard isOwn else {
            return "line \(self.line) has no id, so that it is called \(shown), its row's number, "
                + "but line \(line) is called so already; give it an id"
        }
        return "lines \(line) and \(self.line) have the same id '\(shown)'"
    }
}

/// A row that can't be called, and why.
struct InvalidRow: Error, Sendable {
    var identity: RowIdentity
    var reason: String
    var metadata: JSONText?
    var fingerprint: RowFingerprint
}

/// What a row says, field by field, so that a changed row can be refused with the difference named.
///
/// Hashes of the text as it stands in the input, before substitutions, with a key of the store's own. Values of secret
/// headers and what is secret in a URL are left out, so that no store holds a trace of them and a renewed token does not
/// make a run unresumable.
struct RowFingerprint: Equatable, Sendable {
    static let fields = ["method", "url", "headers", "body", "timeout", "metadata", "(unreadable row)"]

    var hashes: [UInt64]

    init() { hashes = Array(repeating: 0, count: Self.fields.count) }

    /// Reads what ``data`` wrote; `nil` if it is of another shape.
    init?(data: [UInt8]) {
        guard data.count == Self.fields.count * 8 else { return nil }
        hashes = stride(from: 0, to: data.count, by: 8).map { start in
            data[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// Big-endian, one 64-bit word a field.
    var data: [UInt8] {
        hashes.flatMap { hash in (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - 8 * $0)) } }
    }

    mutating func note(_ field: String, _ bytes: some Sequence<UInt8>, key: SipHash.Key) {
        guard let index = Self.fields.firstIndex(of: field) else { return }
        hashes[index] = SipHash.hash(bytes, key: key)
    }

    func differences(from other: RowFingerprint) -> [String] {
        zip(Self.fields, zip(hashes, other.hashes)).filter { $1.0 != $1.1 }.map(\.0)
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923): stable across runs and machines, which `Hasher` is not.
func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
#endif
