#if Batch
/// Keys by which a server recognises a call that it has seen before.
enum IdempotencyKey {
    /// The key of a row: the same in every attempt and after every resume, another in every run.
    ///
    /// An id that fits into a header as it is becomes part of the key, so that no two rows of a run share one; a longer
    /// or stranger one is replaced by its length and hash.
    static func make(run: String, row: String) -> String {
        let fits = row.utf8.count <= 80 && row.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard !fits else { return "\(run)-\(row)" }
        let backwards = String(fnv1a(row.utf8.reversed()), radix: 16)
        return "\(run)-\(row.utf8.count)-\(String(fnv1a(row.utf8), radix: 16))\(backwards)"
    }
}
#endif
