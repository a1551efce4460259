#if Batch
import Foundation
import Testing

@testable import ConcertoBatch

struct TemplateTests {
    /// What a table with the columns `x` and `y` and one row becomes.
    private func row(_ x: String, _ y: String = "", _ change: (inout BatchOptions) -> Void) throws -> BatchRow {
        func quoted(_ cell: String) -> String { "\"\(cell.replacing("\"", with: "\"\""))\"" }
        let calls = try CallsOf("in.csv", "x,y\n\(quoted(x)),\(quoted(y))\n", change)
        return try calls.items()[0].get()
    }

    private func url(_ template: String, _ x: String, _ y: String = "") throws -> String {
        try row(x, y) { $0.template.url = template }.url
    }

    @Test(
        arguments: [
            ("http://h/{x}", "a/b c?d", "http://h/a%2Fb%20c%3Fd"), ("http://h/{x}", "100%", "http://h/100%25"),
            ("http://h/p-{x}/q", "ü+&", "http://h/p-%C3%BC%2B%26/q"),
            ("http://h/?q={x}", "a&b=c+d", "http://h/?q=a%26b%3Dc%2Bd"),
            ("http://h?q={x}#{x}", "#", "http://h/?q=%23"), ("http://h/{x:raw}", "a/b?c=%20", "http://h/a/b?c=%20"),
            ("http://{x}/a", "h:8080", "http://h:8080/a"), ("{x}/a/{y}", "http://h", "http://h/a/y"),
            ("{x}", "http://h/a?b=%26", "http://h/a?b=%26"), ("http://h/{{{x}}", "a", "http://h/%7Ba%7D"),
            ("http://h/?a=1&x={x?}&b=2", "", "http://h/?a=1&b=2"), ("http://h/?x={x?}&b=2", "", "http://h/?b=2"),
            ("http://h/?x={x?}", "", "http://h/"), ("http://h/?x={x?}&b=2", "v", "http://h/?x=v&b=2"),
            ("http://h/?x={x}&b=2", "", "http://h/?x=&b=2"), ("http://h/a{x}", "", "http://h/a"),
        ])
    func `B64, B13: a cell is encoded by its place in the URL`(template: String, x: String, url: String) throws {
        #expect(try self.url(template, x, "y") == url)
    }

    @Test(arguments: ["", ".", ".."])
    func `a cell that would name another place fails the row instead of calling it`(x: String) throws {
        #expect(throws: InvalidRow.self) { try url("http://h/users/{x}", x) }
        #expect(throws: InvalidRow.self) { try url("http://h/users/{x}/posts", x) }
        #expect(try url("http://h/users/{x:raw}", "") == "http://h/users/")
    }

    @Test func `a user and a password from cells become a header, and are in no result`() throws {
        let row = try self.row("u:1@", "p/w") { $0.template.url = "http://{x}:{y}@h/" }
        #expect(
            row.url == "http://h/"
                && row.header("authorization") == "Basic \(Data("u:1@:p/w".utf8).base64EncodedString())")
        #expect(row.metadata == nil)
    }

    @Test func `columns that are secret by their place or name are in no result`() throws {
        let calls = try CallsOf("in.csv", "id,t,k,api_key\n1,T0,K0,A0\n") {
            $0.template.url = "http://h/?key={k}&id={id}"
            $0.template.headers = [("Authorization", "Bearer {t}")]
        }
        let row = try calls.rows()[0]
        #expect(row.metadata?.text == #"{"id":"1"}"# && row.header("authorization") == "Bearer T0")
        #expect(try DryRun(calls.options).text(count: 1).contains("http://h/?key=(secret)&id=1"))
        #expect(try !DryRun(calls.options).text(count: 1).contains("T0"))
    }

    @Test func `a body is JSON, a form or text, and cells are encoded for it`() throws {
        func body(_ template: String, _ x: String, type: String? = nil) throws -> String? {
            try row(x) {
                $0.template.url = "http://h/"
                $0.template.body = template
                if let type { $0.headers = [("Content-Type", type)] }
            }.text
        }
        #expect(
            try body(#"{"a": "<{x}>", "b": [{x}, {x:json}]}"#, #"{"k": 1}"#)
                == #"{"a": "<{\"k\": 1}>", "b": ["{\"k\": 1}", {"k":1}]}"#)
        #expect(try body(#"{"a": "{{x}} \" {x}"}"#, "1\n\u{1}") == #"{"a": "{x}} \" 1\n\u0001"}"#)
        #expect(try body("{x:json}", "[1, 2]") == "[1,2]")
        #expect(try body("a={x}&b=1", "1&2", type: "application/x-www-form-urlencoded") == "a=1%262&b=1")
        #expect(try body("Say {x}!", "hi\n") == "Say hi\n!")
        #expect(throws: InvalidRow.self) { try body("{x:json}", "{") }
        #expect(throws: BatchError.self) { try body(#"{"a": {x"#, "") }
    }

    @Test func `a header takes no line break from a cell`() throws {
        let change: (inout BatchOptions) -> Void = {
            $0.template.url = "http://h/"
            $0.template.headers = [("X-Name", "n={x}"), ("X-City", "{y?}")]
        }
        #expect(throws: InvalidRow.self) { try row("a\r\nX-Evil: 1", "", change) }
        let plain = try row("a", "", change)
        #expect(plain.header("x-name") == "n=a" && plain.header("x-city") == nil)
    }

    @Test func `what a cell holds is never replaced in turn`() throws {
        let row = try self.row("{env:HOME}", "{server}") {
            $0.substitution = Substitution(server: "http://demo", environment: ["HOME": "S0"])
            $0.template.url = "{env:BASE}/{x}"
            $0.template.environment = ["BASE": "http://h"]
            $0.template.headers = [("X-A", "{x}{y}")]
        }
        #expect(row.url == "http://h/%7Benv%3AHOME%7D" && row.header("x-a") == "{env:HOME}{server}")
    }

    @Test func `rows that are objects are filled up from their metadata`() throws {
        let lines = [
            #"{"id":"i","metadata":{"n":12345678901234567890,"s":"a b","o":{"k":1}}}"#,
            #"{"id":2,"url":"http://own/","method":"PUT","metadata":{"n":1}}"#, #"{"id":3,"metadata":{"n":1}}"#,
        ]
        let calls = try CallsOf("in", lines.joined(separator: "\n")) {
            $0.template.url = "http://h/{id}?s={s}"
            $0.template.body = #"{"n": {n}, "t": "{n}"}"#
        }
        let items = try calls.items()
        let first = try items[0].get()
        #expect(first.url == "http://h/i?s=a%20b" && first.method == "POST")
        #expect(first.text == #"{"n": 12345678901234567890, "t": "12345678901234567890"}"#)
        let second = try items[1].get()
        #expect(second.url == "http://own/" && second.method == "PUT" && second.text == #"{"n": 1, "t": "1"}"#)
        #expect(try calls.reasons()[2]?.contains("the metadata has no 's'") == true)
    }

    @Test func `a changed cell, template or id is told from a renewed secret`() throws {
        func fingerprint(_ cell: String, _ url: String, secret: String = "1") throws -> RowFingerprint {
            try CallsOf("in.csv", "x,token\n\(cell),\(secret)\n") {
                $0.template.url = url
                $0.template.environment = ["K": secret]
                $0.template.headers = [("Authorization", "{token}")]
            }.items()[0].get().fingerprint
        }
        let before = try fingerprint("a", "http://h/{x}?k={env:K}")
        #expect(before == (try fingerprint("a", "http://h/{x}?k={env:K}", secret: "2")))
        #expect(try fingerprint("b", "http://h/{x}?k={env:K}").differences(from: before) == ["url", "metadata"])
        #expect(try fingerprint("a", "http://h/{x}").differences(from: before) == ["url"])
    }

    @Test func `a column that is not there is named with the nearest one`() {
        func message(_ name: String, _ columns: [String]) -> String {
            TemplateText.unknown(name, of: "--url", among: columns).description
        }
        #expect(message("adress", ["id", "address"]).contains("is 'address' meant?"))
        #expect(message("ID", ["id", "address"]).contains("is 'id' meant?"))
        #expect(!message("postcode", ["id", "address"]).contains("meant?"))
        #expect(message("x", (1...20).map { "c\($0)" }).contains("c10, …"))
    }
}
#endif
