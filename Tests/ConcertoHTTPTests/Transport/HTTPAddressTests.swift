#if HTTP
import Foundation
import Testing

@testable import ConcertoHTTP

struct HTTPAddressTests {
    @Test(arguments: [
        ("http://h/?q=%26|x", "http://h/?q=%26%7Cx"),
        ("http://h/?filter[a%20b]=1", "http://h/?filter%5Ba%20b%5D=1"),
        ("http://h/?q=a%20b c", "http://h/?q=a%20b%20c"),
        ("http://h/?q=%C3%BC ü", "http://h/?q=%C3%BC%20%C3%BC"),
        ("http://h/a%20b ü/%2F", "http://h/a%20b%20%C3%BC/%2F"),
        ("http://h/?id=AUG|5f|x-$15&n=a%20b", "http://h/?id=AUG%7C5f%7Cx-$15&n=a%20b"),
        ("http://h/?q=%22 я", "http://h/?q=%22%20%D1%8F"),
        ("http://h/100%", "http://h/100%25"), ("http://h/%zz%4", "http://h/%25zz%254"),
        ("http://h/%41%2f", "http://h/%41%2f"), ("http://h/a+b(c)*'!;=,@:$", "http://h/a+b(c)*'!;=,@:$"),
        ("http://h/{x}?a=\"<>\\^`", "http://h/%7Bx%7D?a=%22%3C%3E%5C%5E%60"),
        ("http://h/\r\nX: 1", "http://h/%0D%0AX:%201"),
        ("http://h", "http://h/"), ("http://h?q", "http://h/?q"), ("http://h/x#f?g", "http://h/x"),
        ("HTTP://H/X", "http://H/X"),
    ])
    func `T7 what may stand in a URL stays, and every other character is encoded on its own`(text: String, url: String)
        throws
    {
        let address = try HTTPAddress(text)
        #expect(address.url == url)
        // Foundation and AsyncHTTPClient find nothing more to encode, and a second reading changes nothing.
        #expect(URL(string: url)?.absoluteString == url)
        #expect(try HTTPAddress(url).url == url)
    }

    @Test(arguments: [
        ("http://a.example/x", "a.example:80"), ("https://A.Example", "a.example:443"), ("http://a:/", "a:80"),
        ("http://a:0080/", "a:80"), ("http://[::1]:9/", "[::1]:9"), ("http://user:word@a/x", "a:80"),
        ("http://a_b-c.d/", "a_b-c.d:80"),
    ])
    func `a host is its name and its port`(text: String, host: String) throws {
        #expect(try HTTPAddress(text).host == host)
    }

    @Test(arguments: [
        ("http://us%40er:p%3Ass%20w@h/x", "us@er:p:ss w"), ("http://u@h/", "u:"), ("http://u:p:q@h/", "u:p:q"),
        ("http://a@b:c@h/", "a@b:c"),
    ])
    func `H17 user and password become a header, decoded, and leave the URL`(text: String, pair: String) throws {
        let address = try HTTPAddress(text)
        #expect(address.credentials == "Basic " + Data(pair.utf8).base64EncodedString())
        #expect(!address.url.contains("@"))
    }

    // Browsers end the host at a backslash, and everything else takes what stands before the last @ for the user: where it
    // goes must not depend on who reads it.
    @Test func `a backslash before the host does not change where a call goes unseen`() throws {
        let address = try HTTPAddress("http://a\\@b/")
        #expect(address.host == "b:80" && address.url == "http://b/")
    }

    @Test(arguments: [
        ("", HTTPAddress.Problem.notAbsolute), ("h/x", .notAbsolute), ("http:/h", .notAbsolute), ("://h", .notAbsolute),
        ("http", .notAbsolute),
        ("ftp://h/", .scheme("ftp")), ("http+unix://%2Ftmp%2Fs/", .scheme("http+unix")), ("unix:/x", .scheme("unix")),
        ("http://", .noHost), ("http:///x", .noHost), ("http://:80/", .noHost), ("http://u:p@/", .noHost),
        ("http://h:65536/", .port), ("http://h:0/", .port), ("http://127.0.0.1:99999/", .port),
        ("http://[::1]:99999/", .port),
        ("http://h:99999999999999999999/", .port), ("http://h:-1/", .port), ("http://h:8o/", .port),
        ("http://::1:9003/", .host), ("http://a b/", .host), ("http://h\r\nX/", .host), ("http://[x]/", .host),
        ("http://[::1/", .host),
        ("http://[::1]x/", .host), ("http://a\u{0}/", .host),
    ])
    func `H2 what is no address is told apart, ports beyond 65535 too`(text: String, problem: HTTPAddress.Problem) {
        #expect(throws: problem) { try HTTPAddress(text) }
    }
}
#endif
