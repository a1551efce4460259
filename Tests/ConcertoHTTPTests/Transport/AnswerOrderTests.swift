#if HTTP
import Testing

@testable import ConcertoHTTP

struct AnswerOrderTests {
    @Test func `an answer is heads of 1xx, a head, its body and its end`() throws {
        var order = AnswerOrder()
        for _ in 1...2 {
            order.request()
            #expect(try order.head(status: 100) && order.head(status: 103) && order.head(status: 200))
            #expect(try order.body() && order.body() && order.end())
            #expect(order.isIdle)
        }
    }

    @Test func `101 is the final head`() throws {
        var order = AnswerOrder()
        order.request()
        #expect(try order.head(status: 101) && order.end())
    }

    @Test func `nothing comes before a request`() {
        var head = AnswerOrder()
        #expect(throws: AnswerOrder.Fault.unasked) { try head.head(status: 200) }
        var body = AnswerOrder()
        #expect(throws: AnswerOrder.Fault.unasked) { try body.body() }
        var end = AnswerOrder()
        #expect(throws: AnswerOrder.Fault.unasked) { try end.end() }
    }

    @Test func `no body and no end comes before the head, and no second head after it`() throws {
        for informational in [false, true] {
            var order = AnswerOrder()
            order.request()
            if informational { _ = try order.head(status: 103) }
            #expect(throws: AnswerOrder.Fault.order) { try order.end() }
        }
        var twice = AnswerOrder()
        twice.request()
        _ = try twice.head(status: 200)
        #expect(throws: AnswerOrder.Fault.order) { try twice.head(status: 200) }
    }

    @Test func `after a fault nothing passes, whatever comes`() throws {
        var order = AnswerOrder()
        order.request()
        #expect(throws: AnswerOrder.Fault.status("99")) { try order.head(status: 99) }
        order.request()
        #expect(try !order.head(status: 200) && !order.body() && !order.end())
    }

    @Test(arguments: ["200", "100", "999"]) func `three digits are a status of HTTP 2`(text: String) {
        #expect(StreamStatusGuard.isStatus(text))
    }

    @Test(arguments: ["-5", "099", "000", "1000", "+20", "", "20x", "٢٠٠"])
    func `H1 anything else is none, a negative one too`(text: String) {
        #expect(!StreamStatusGuard.isStatus(text))
    }
}
#endif
