#if Batch
import ConcertoHTTP

extension BatchOptions {
    static let userAgent = "concerto/0.1"

    /// The call that a row describes, with everything that the options add to it.
    func call(for row: BatchRow, runID: String) -> HTTPCall {
        let own = Set(row.headers.map { $0.name.lowercased() })
        var call = HTTPCall(
            method: row.method, url: row.url, host: row.host,
            headers: row.headers + headers.filter { !own.contains($0.name.lowercased()) }, body: row.body,
            timeout: row.timeout)
        if !call.hasHeader("user-agent") { call.headers.append(("User-Agent", Self.userAgent)) }
        let changes = !RepeatRule.idempotentMethods.contains(row.method)
        if addsIdempotencyKeys, changes, !call.hasHeader("idempotency-key") {
            call.headers.append(("Idempotency-Key", IdempotencyKey.make(run: runID, row: row.identity.key)))
        }
        return call
    }
}
#endif
