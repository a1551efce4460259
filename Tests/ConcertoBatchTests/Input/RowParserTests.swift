#if Batch
import Concerto
import Foundation
import Testing

@testable import ConcertoBatch

struct RowParserTests {
    private func parser(server: String? = nil, environment: [String: String] = [:]) -> RowParser {
        RowParser(
            substitution: Substitution(server: server, environment: environment),
            secretHeaders: BatchOptions().hiddenHeaders)
    }

    private func parse(_ line: String, environment: [String: String] = [:]) -> RowSource.Item {
        parser(environment: environment).parse(Array(line.utf8)[...], number: 7, lineNumber: 9)
    }

    private func row(_ line: String, environment: [String: String] = [:]) throws -> BatchRow {
        try parse(line, environment: environment).get()
    }

    private func reason(_ line: String, environment: [String: String] = [:]) -> String? {
        if case .failure(let row) = parse(line, environment: environment) { row.reason } else { nil }
    }

    @Test func aURLAloneIsARow() throws {
        let row = try row(#"{"url": "http://Example.com/a?b=c"}"#)
        #expect(row.method == "GET" && row.url == "http://Example.com/a?b=c" && row.host == "example.com:80")
        #expect(row.headers.isEmpty && row.body == nil && row.timeout == nil && row.metadata == nil)
        #expect(row.identity.key == "7" && row.identity.token.text == "7")
        #expect(row.identity.number == 7 && row.identity.line == 9)
    }

    @Test(arguments: [
        ("http://h", "h:80"), ("https://h/", "h:443"), ("HTTPS://H:8443/x", "h:8443"), ("http://u:p@h:1/", "h:1"),
    ])
    func theHostHasItsPort(url: String, host: String) throws {
        #expect(try row("{\"url\": \"\(url)\"}").host == host)
    }

    @Test func everyFieldIsRead() throws {
        let row = try row(
            #"{"id":"o-1","method":"patch","url":"http://h/","headers":{"X-A":"1","x-a":"2"},"body":{"n": 1e2},"timeout":"1.5s","metadata":[ 1 ]}"#
        )
        #expect(row.identity.key == "o-1" && row.identity.token.text == "\"o-1\"")
        #expect(row.method == "PATCH" && row.timeout == .milliseconds(1500) && row.metadata?.text == "[1]")
        #expect(row.headers.map(\.name) == ["X-A", "x-a", "Content-Type"])
        #expect(row.headers.map(\.value) == ["1", "2", "application/json"])
        #expect(row.body.map { String(decoding: $0, as: UTF8.self) } == "{\"n\":1e2}")
    }

    @Test func nullMeansNotThere() throws {
        let row = try row(
            #"{"id":null,"method":null,"url":"http://h/","headers":null,"body":null,"timeout":null,"metadata":null}"#)
        #expect(row.identity.key == "7" && row.method == "GET" && row.body == nil && row.metadata == nil)
    }

    @Test func aBodyMakesItAPost() throws {
        let text = try row(#"{"url":"http://h/","body":"a\u00e9\n"}"#)
        #expect(text.method == "POST" && text.body == Array("aé\n".utf8))
        #expect(text.headers.first?.value == "text/plain; charset=utf-8")
        let own = try row(#"{"url":"http://h/","body":"x","headers":{"content-TYPE":"text/csv"}}"#)
        #expect(own.headers.count == 1 && own.headers[0].value == "text/csv")
        #expect(
            try row(#"{"url":"http://h/","body":12345678901234567890123}"#).body
                == Array("12345678901234567890123".utf8))
    }

    @Test func integersAreIdsToo() throws {
        let row = try row(#"{"id": 42, "url":"http://h/"}"#)
        #expect(row.identity.key == "42" && row.identity.token.text == "42")
    }

    @Test(arguments: [
        ("7", "not a JSON object"), ("[]", "not a JSON object"), ("{\"url\": \"http://h/\"", "',' or '}'"),
        ("{\"url\": }", "expected a value"), ("{\"url\": \"http://h/\"} x", "unexpected text after the row"),
        ("{}", "'url' is missing"), (#"{"url": 1}"#, "'url' must be a string"),
        (#"{"url":"http://h/","method":1}"#, "'method' must be a string"),
        (#"{"url":"http://h/","method":"a b"}"#, "is no HTTP method"),
        (#"{"url":"http://h/","method":""}"#, "is no HTTP method"),
        (
            #"{"url":"http://h/","methd":"GET"}"#,
            "unknown field 'methd'; a row has body, headers, id, metadata, method, timeout, url"
        ),
        (#"{"url":"http://h/","url":"http://g/"}"#, "'url' stands there twice"),
        (#"{"url":"http://h/","\u0075rl":"http://g/"}"#, "'url' stands there twice"),
        (#"{"url":"http://h/","headers":[]}"#, "'headers' must be an object"),
        (#"{"url":"http://h/","headers":{"A":1}}"#, "the header 'A' must have a string"),
        (#"{"url":"http://h/","headers":{"A B":"1"}}"#, "a header's name is empty or holds a character"),
        (#"{"url":"http://h/","headers":{"A":"1\r\nB: 2"}}"#, "'A' holds a line break"),
        (#"{"url":"http://h/","headers":{"A":"1\u0000"}}"#, "NUL"),
        (#"{"url":"http://h/","timeout":0}"#, "'timeout' must be"),
        (#"{"url":"http://h/","timeout":-1}"#, "'timeout' must be"),
        (#"{"url":"http://h/","timeout":86401}"#, "'timeout' must be"),
        (#"{"url":"http://h/","timeout":"x"}"#, "'timeout' must be"),
        (#"{"url":"http://h/","timeout":true}"#, "'timeout' must be"),
        (#"{"id":"","url":"http://h/"}"#, "'id' must not be empty"),
        // SQLite would end the id there, and two rows would be one.
        (#"{"id":"a\u0000b","url":"http://h/"}"#, "'id' must not hold a NUL"),
        (#"{"id":{},"url":"http://h/"}"#, "'id' must be a string or an integer"),
        (#"{"id":1.5,"url":"http://h/"}"#, "'id' must be a string or an integer"),
        (#"{"url":"ftp://h/"}"#, "the scheme 'ftp' is not supported; use http or https"),
        (#"{"url":"file:///etc/passwd"}"#, "the scheme 'file' is not supported"),
        (#"{"url":"example.com/x"}"#, "is no absolute URL"), (#"{"url":""}"#, "is no absolute URL"),
        (#"{"url":"http:///x"}"#, "names no host"), (#"{"url":"{server}/x"}"#, "--demo-server"),
        (#"{"url":"http://h/{env:TOKEN}"}"#, "{env:TOKEN} is not allowed here; name it with --allow-env TOKEN"),
    ])
    func whatIsWrongIsSaid(line: String, message: String) throws {
        let reason = try #require(self.reason(line))
        #expect(reason.contains(message), "\(reason)")
    }

    @Test func aBrokenRowKeepsItsIdAndMetadata() {
        guard case .failure(let row) = parse(#"{"bad":1,"metadata":{"m": 1},"id":"x"}"#) else {
            Issue.record("accepted")
            return
        }
        #expect(row.identity.key == "x" && row.metadata?.text == "{\"m\":1}")
    }

    // A number beyond what a Duration holds must be an error of the row, not the end of the process.
    @Test(arguments: ["1e400", "1e30", "1e300"])
    func hugeTimeoutsAreRefused(timeout: String) throws {
        let reason = try #require(self.reason("{\"url\":\"http://h/\",\"timeout\":\(timeout)}"))
        #expect(reason.contains("'timeout' must be"))
    }

    // The address of a socket traps on such a port.
    @Test(arguments: ["65536", "99999", "4294967376"])
    func portsThatDoNotExistAreRefused(port: String) {
        #expect(reason("{\"url\":\"http://127.0.0.1:\(port)/\"}") != nil)
    }

    @Test func lineBreaksInAURLDoNotReachTheWire() throws {
        for line in [#"{"url":"http://h/\r\nX: 1"}"#, #"{"url":"http://h\r\nX/"}"#, #"{"url":"http://h/ x\ny"}"#] {
            switch parse(line) {
            case .failure: break
            case .success(let row):
                let sent = try #require(URL(string: row.url))
                #expect(!sent.absoluteString.utf8.contains { $0 == 13 || $0 == 10 || $0 == 32 })
            }
        }
    }

    @Test func allowedVariablesAreReplacedInURLAndHeadersAndNowhereElse() throws {
        let row = try row(
            #"{"url":"http://h/{env:P}?{env:P}","headers":{"A":"B {env:P}"},"body":"{env:P}","metadata":"{env:P}"}"#,
            environment: ["P": "v"])
        #expect(row.url == "http://h/v?v" && row.headers[0].value == "B v")
        #expect(row.body == Array("{env:P}".utf8) && row.metadata?.text == "\"{env:P}\"")
    }

    @Test func aValueWithALineBreakFromTheEnvironmentIsRefusedAndNotShown() throws {
        let reason = try #require(
            self.reason(#"{"url":"http://h/","headers":{"A":"{env:P}"}}"#, environment: ["P": "s3cr3t\r\nB: 1"]))
        #expect(!reason.contains("s3cr3t"))
    }

    // The reason goes to the output and the summary.
    @Test(
        arguments: [
            #"{"url":"{env:TOKEN}"}"#, #"{"url":"{env:TOKEN}/x"}"#, #"{"url":"http://?{env:TOKEN}"}"#,
            #"{"url":"x://{env:TOKEN}"}"#,
        ])
    func noReasonShowsWhatCameFromTheEnvironment(line: String) throws {
        let reason = try #require(self.reason(line, environment: ["TOKEN": "s3cr3t"]))
        #expect(!reason.contains("s3cr3t"), "\(reason)")
    }

    @Test func noReasonShowsPasswordAndQueryOfAURL() throws {
        let reason = try #require(self.reason(#"{"url":"user:s3cr3t@h/x?key=s3cr3t"}"#))
        #expect(!reason.contains("s3cr3t"), "\(reason)")
    }

    @Test(arguments: [
        ("method", #"{"url":"http://h/","method":"PUT","headers":{"A":"1"},"body":1,"timeout":1,"metadata":1}"#),
        ("url", #"{"url":"http://g/","method":"POST","headers":{"A":"1"},"body":1,"timeout":1,"metadata":1}"#),
        ("headers", #"{"url":"http://h/","method":"POST","headers":{"A":"2"},"body":1,"timeout":1,"metadata":1}"#),
        ("body", #"{"url":"http://h/","method":"POST","headers":{"A":"1"},"body":2,"timeout":1,"metadata":1}"#),
        ("timeout", #"{"url":"http://h/","method":"POST","headers":{"A":"1"},"body":1,"timeout":2,"metadata":1}"#),
        ("metadata", #"{"url":"http://h/","method":"POST","headers":{"A":"1"},"body":1,"timeout":1,"metadata":2}"#),
    ])
    func aChangedFieldIsNamed(field: String, line: String) throws {
        let before = try row(
            #"{"url":"http://h/","method":"POST","headers":{"A":"1"},"body":1,"timeout":1,"metadata":1}"#)
        let after = try row(line)
        #expect(after.fingerprint.differences(from: before.fingerprint) == [field])
    }

    @Test func whiteSpaceAndTheIdDoNotChangeARow() throws {
        let before = try row(#"{"url":"http://h/","body":{"a":1}}"#)
        let after = try row(#"{ "id": 1, "body": { "a" : 1 }, "url": "http://h/" }"#)
        #expect(after.fingerprint == before.fingerprint)
    }

    @Test func aSecretHeadersValueLeavesNoTrace() throws {
        func fingerprint(_ header: String, _ value: String) throws -> RowFingerprint {
            try row("{\"url\":\"http://h/\",\"headers\":{\"\(header)\":\"\(value)\"}}").fingerprint
        }
        #expect(try fingerprint("AUTHORIZATION", "Bearer a") == fingerprint("AUTHORIZATION", "Bearer b"))
        #expect(try fingerprint("Cookie", "a") == fingerprint("Cookie", "b"))
        #expect(try fingerprint("X-Other", "a") != fingerprint("X-Other", "b"))
    }

    @Test func aVariablesValueLeavesNoTraceInTheFingerprint() throws {
        let line = #"{"url":"http://h/{env:P}","headers":{"A":"{env:P}"}}"#
        #expect(try row(line, environment: ["P": "1"]).fingerprint == row(line, environment: ["P": "2"]).fingerprint)
    }

    @Test func aFingerprintSurvivesTheStore() throws {
        let fingerprint = try row(#"{"url":"http://h/","body":"x"}"#).fingerprint
        #expect(RowFingerprint(data: fingerprint.data) == fingerprint)
        #expect(RowFingerprint(data: [1, 2, 3]) == nil)
        // FNV-1a, 64 bits: published test values.
        #expect(fnv1a([UInt8]()) == 0xCBF2_9CE4_8422_2325)
        #expect(fnv1a("a".utf8) == 0xAF63_DC4C_8601_EC8C)
        #expect(fnv1a("foobar".utf8) == 0x8594_4171_F739_67E8)
    }
}
#endif
