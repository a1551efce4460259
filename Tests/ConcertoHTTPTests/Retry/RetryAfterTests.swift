#if HTTP
import Foundation
import NIOHTTP1
import Testing

@testable import ConcertoHTTP

struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    private let moment = Date(timeIntervalSince1970: 784_111_777)

    @Test(arguments: [("0", 0), ("120", 120), (" 7 ", 7), ("007", 7)])
    func readsSeconds(value: String, seconds: Int) {
        #expect(RetryAfter.parse(value, now: moment) == .seconds(seconds))
    }

    // Neither is in the grammar, and both came early.
    @Test(arguments: [("1.5", 2), ("0.0", 0), ("3.000001", 4), ("2.0", 2)])
    func `a fraction of a second counts as a whole one`(value: String, seconds: Int) {
        #expect(RetryAfter.parse(value, now: moment) == .seconds(seconds))
    }

    @Test func `of several headers the longest time counts`() {
        let reply = HTTPReply(status: 429, headers: ["retry-after": "1", "Retry-After": "3", "retry-after": "soon"])
        #expect(RetryAfter.wish(of: reply) == .seconds(3))
        #expect(RetryAfter.wish(of: HTTPReply(status: 429, headers: ["retry-after": "soon"])) == nil)
    }

    // H13, T22: a server an hour ahead was waited for up to the cap, one an hour behind not at all.
    @Test(arguments: ["Sun, 06 Nov 1994 08:49:37 GMT", "Wed, 01 Jan 2999 00:00:00 GMT"])
    func `B43: a date counts from the answer's own Date`(date: String) {
        let later = date.replacingOccurrences(of: ":37 ", with: ":40 ")
            .replacingOccurrences(of: "00:00:00", with: "00:00:03")
        let reply = HTTPReply(status: 503, headers: ["Date": date, "Retry-After": later])
        #expect(RetryAfter.wish(of: reply) == .seconds(3))
        let undated = HTTPReply(
            status: 503, headers: ["Date": "yesterday", "Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"])
        #expect(RetryAfter.wish(of: undated) == .zero)
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994",
    ])
    func readsAllThreeFormsOfADate(value: String) {
        #expect(RetryAfter.parse(value, now: moment) == .seconds(60))
    }

    @Test func aDateThatHasPassedAsksForNoWait() {
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:37 GMT", now: moment.addingTimeInterval(3600)) == .zero)
        #expect(RetryAfter.parse("Sun Nov  6 08:49:37 1994", now: moment.addingTimeInterval(0.5)) == .zero)
    }

    @Test(arguments: [
        "", " ", "soon", "-5", "+5", "1.", ".5", "1.5.5", "5s", "5 6", "Sun, 06 Nov 1994",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 199 08:49:37 GMT", "Sun, x Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08::37 GMT", "٣",
    ])
    func anythingElseIsNoWait(value: String) {
        #expect(RetryAfter.parse(value, now: moment) == nil)
    }

    @Test func moreSecondsThanANumberHoldsAreALongWaitAndNoCrash() throws {
        let wait = try #require(RetryAfter.parse("99999999999999999999999999", now: moment))
        #expect(wait >= .seconds(365 * 86_400))
        #expect(RetryAfter.parse("9223372036854775807", now: moment) == wait)
        #expect(try #require(RetryAfter.parse("Fri, 31 Dec 9999 23:59:59 GMT", now: moment)) > .seconds(86_400))
    }

    @Test func aLeapSecondIsADate() {
        #expect(RetryAfter.parse("Sun, 06 Nov 1994 08:49:60 GMT", now: moment) == .seconds(23))
    }

    @Test func twoDigitYearsLieAtMostFiftyYearsAhead() throws {
        let now = Date()
        let year = Calendar(identifier: .gregorian).component(.year, from: now)
        let soon = String(format: "%02d", (year + 2) % 100)
        let ahead = try #require(RetryAfter.parse("Sunday, 06-Nov-\(soon) 08:49:37 GMT", now: now))
        #expect(ahead > .seconds(300 * 86_400) && ahead < .seconds(3 * 366 * 86_400))
        let far = String(format: "%02d", (year + 51) % 100)
        #expect(RetryAfter.parse("Sunday, 06-Nov-\(far) 08:49:37 GMT", now: now) == .zero)
    }
}
#endif
