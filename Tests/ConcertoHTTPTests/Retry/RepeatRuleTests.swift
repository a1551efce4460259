#if HTTP
import ConcertoHTTP
import Testing

struct RepeatRuleTests {
    private static let idempotent = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]
    private static let unsafe = ["POST", "PATCH", "LINK"]
    private static let worthRepeating = [408, 425, 429, 500, 502, 503, 504]
    private static let final = [200, 201, 204, 301, 304, 400, 401, 403, 404, 409, 410, 422, 501, 505, 511]

    private func call(_ method: String, key: String? = nil) -> HTTPCall {
        HTTPCall(
            method: method, url: "http://h/", host: "h:80", headers: key.map { [(name: $0, value: "1")] } ?? [])
    }

    @Test(arguments: idempotent, worthRepeating)
    func idempotentMethodsAreRepeatedAfterEveryPassingStatus(method: String, status: Int) {
        #expect(RepeatRule().allowsRepeat(of: call(method), after: status))
    }

    @Test(arguments: idempotent + unsafe, final)
    func noMethodIsRepeatedAfterAFinalStatus(method: String, status: Int) {
        #expect(!RepeatRule().allowsRepeat(of: call(method), after: status))
        #expect(!RepeatRule(repeatsUnsafe: true).allowsRepeat(of: call(method), after: status))
    }

    @Test(arguments: unsafe, worthRepeating)
    func unsafeMethodsAreRepeatedOnlyWhereTheServerHasNotActed(method: String, status: Int) {
        #expect(RepeatRule().allowsRepeat(of: call(method), after: status) == [425, 429, 503].contains(status))
    }

    @Test(arguments: unsafe, ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
    func aKeyMakesAnUnsafeCallRepeatable(method: String, header: String) {
        for status in Self.worthRepeating {
            #expect(RepeatRule().allowsRepeat(of: call(method, key: header), after: status))
        }
        #expect(!RepeatRule().allowsRepeat(of: call(method, key: "X-Idempotency-Key"), after: 500))
    }

    @Test(arguments: unsafe, worthRepeating)
    func theCallerMayDeclareEverythingRepeatable(method: String, status: Int) {
        #expect(RepeatRule(repeatsUnsafe: true).allowsRepeat(of: call(method), after: status))
    }

    @Test func theListOfStatusesCanBeChanged() {
        let rule = RepeatRule(statuses: [404, 503])
        #expect(rule.allowsRepeat(of: call("GET"), after: 404))
        #expect(!rule.allowsRepeat(of: call("GET"), after: 429))
        #expect(rule.allowsRepeat(of: call("POST"), after: 503))
        #expect(!rule.allowsRepeat(of: call("POST"), after: 404))
    }

    @Test(arguments: [HTTPFailure.Kind.dns, .connect, .tls, .timeout, .closed, .protocolError])
    func failuresRepeatUnsafeCallsOnlyIfNothingWasSent(kind: HTTPFailure.Kind) {
        for sent in [true, false] {
            let failure = HTTPFailure(kind, mayHaveBeenSent: sent, "")
            #expect(RepeatRule().allowsRepeat(of: call("GET"), after: failure))
            #expect(RepeatRule().allowsRepeat(of: call("POST"), after: failure) == !sent)
            #expect(RepeatRule().allowsRepeat(of: call("POST", key: "Idempotency-Key"), after: failure))
            #expect(RepeatRule(repeatsUnsafe: true).allowsRepeat(of: call("POST"), after: failure))
        }
    }

    @Test func aCallThatCannotBeSentIsNeverRepeated() {
        let failure = HTTPFailure(.invalid, mayHaveBeenSent: false, "")
        #expect(!RepeatRule(repeatsUnsafe: true).allowsRepeat(of: call("GET"), after: failure))
    }
}
#endif
