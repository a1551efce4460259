#if Batch
import Testing

@testable import ConcertoBatch

struct URLSecretsTests {
    // T8: user, password and the keys of a query.
    @Test(arguments: [
        ("http://h/", "http://h/"), ("http://u:p@h/x", "http://(secret)@h/x"), ("http://u@h", "http://(secret)@h"),
        ("http://u:p@q@h/", "http://(secret)@h/"), ("http://h/a@b?c=d", "http://h/a@b?c=d"),
        ("http://h/?api_key=s&x=1", "http://h/?api_key=(secret)&x=1"),
        ("http://h/?x=1&token=s#f", "http://h/?x=1&token=(secret)#f"), ("http://h/?key=&a", "http://h/?key=&a"),
        (
            "http://h/?access_token=a=b&client_secret=c;sig=d",
            "http://h/?access_token=(secret)&client_secret=(secret);sig=(secret)"
        ),
        ("http://h/?appid=s&q=London", "http://h/?appid=(secret)&q=London"),
        ("https://u:p@h/, https://v:w@g/", "https://(secret)@h/, https://(secret)@g/"), ("", ""), ("?", "?"),
        ("a=b", "a=b"),
        ("{server}/x?token={env:T}", "{server}/x?token=(secret)"),
    ])
    func `secrets in a URL are masked and nothing else`(text: String, shown: String) {
        #expect(URLSecrets.masked(text) == shown)
    }

    // T8: a changed password was refused on resume, though secret values may change; and the store held a hash of it.
    @Test func `a changed password or key leaves the fingerprint as it is`() throws {
        let parser = RowParser(substitution: Substitution(), secretHeaders: [], key: .random())
        func fingerprint(_ url: String) throws -> RowFingerprint {
            try parser.parse(Array("{\"url\":\"\(url)\"}".utf8)[...], number: 1, lineNumber: 1).get().fingerprint
        }
        let before = try fingerprint("http://u:one@h/?api_key=one&q=1")
        #expect(try fingerprint("http://u:two@h/?api_key=two&q=1") == before)
        #expect(try fingerprint("http://u:one@h/?api_key=one&q=2").differences(from: before) == ["url"])
        #expect(try fingerprint("http://g/?api_key=one&q=1").differences(from: before) == ["url"])
    }

    @Test func `fingerprints of two stores have nothing in common`() throws {
        let line = Array(
            #"{"method":"PUT","url":"http://h/","headers":{"A":"1"},"body":1,"timeout":1,"metadata":1}"#.utf8)
        let prints = try (0..<2).map { _ in
            try RowParser(substitution: Substitution(), secretHeaders: [], key: .random())
                .parse(line[...], number: 1, lineNumber: 1).get().fingerprint
        }
        #expect(prints[0].differences(from: prints[1]) == Array(RowFingerprint.fields.dropLast()))
    }
}
#endif
