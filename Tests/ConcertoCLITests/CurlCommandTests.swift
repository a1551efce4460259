#if CLI
import Foundation
import Testing

@testable import ConcertoCLI

struct CurlCommandTests {
    @Test func `a command is read as a shell reads it`() throws {
        let words = try CurlCommand.words(#"curl  'a b' "c \"d\" $e" f\ g $'h\'i\n' \#(#"\"#)\#nx''y """#)
        #expect(words == ["curl", "a b", #"c "d" $e"#, "f g", "h'i\n", "xy", ""])
    }

    @Test func `URL, method, headers and body are taken over`() throws {
        let curl = try CurlCommand(
            #"curl -sS -X PUT 'https://h/{id}' -H 'X-A: {a}' --data-raw '{"n": {n:number}}' -H 'content-type: application/json' -k -L --compressed"#
        )
        #expect(curl.url == "https://h/{id}" && curl.method == "PUT" && curl.insecure && curl.followsRedirects)
        #expect(curl.headers.map(\.name) == ["X-A", "content-type"] && curl.body?.text == #"{"n": {n:number}}"#)
        let form = try CurlCommand("curl h/x -d a={a} -d b=2 -u user:pw")
        #expect(form.url == "http://h/x" && form.body?.text == "a={a}&b=2")
        #expect(form.headers.map(\.value) == ["Basic dXNlcjpwdw==", "application/x-www-form-urlencoded"])
        let get = try CurlCommand("curl -G h/x?a=1 -d b={b}")
        #expect(get.url == "http://h/x?a=1&b={b}" && get.body == nil)
        #expect(try CurlCommand("curl h -d @f.json").body?.isFile == true)
    }
}
#endif
