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
        call.account = row.account
        if let token, !call.hasHeader(token.header.lowercased()) { call.headers.append(TokenKeeper.header(of: token)) }
        if !call.hasHeader("user-agent") { call.headers.append(("User-Agent", Self.userAgent)) }
        let changes = !RepeatRule.idempotentMethods.contains(row.method)
        if addsIdempotencyKeys, changes, !call.hasHeader("idempotency-key") {
            call.headers.append(("Idempotency-Key", IdempotencyKey.make(run: runID, row: row.identity.key)))
        }
        return call
    }

    /// Gives a call its weight.
    ///
    /// - Returns: Why it can't be made: it has none, or more than a limit allows in its whole period.
    func weigh(_ call: inout HTTPCall) -> (kind: String, message: String)? {
        guard let weight else { return nil }
        do throws(WeightExpression.Problem) {
            call.weight = try weight.weight(of: call.body ?? [])
        } catch {
            return ("invalid_row", "\(error)")
        }
        let smallest = rates.filter(\.isWeighted).min { $0.calls < $1.calls }
        guard !sendsOversize, let smallest, Double(call.weight) > smallest.calls else { return nil }
        return (
            "oversize",
            "the call counts as \(call.weight) \(smallest.unit), and only \(smallest.text) are allowed; "
                + "make it smaller, or let it go alone with --oversize alone"
        )
    }
}
#endif
