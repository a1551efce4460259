#if PostgreSQL
import ConcertoPostgres
import Testing

@testable import ConcertoPostgres

@Suite struct ValueTests {
    @Test func `what is interpolated becomes a parameter, whatever is in it`() {
        let evil = "'; drop table people; --"
        let query: PostgresQuery = "select \(1), \(evil), \(nil as Int?)"
        #expect(query.sql == "select $1, $2, $3")
        #expect(query.parameters == [.text("1"), .text(evil), .null])
    }

    @Test func `an identifier is quoted, and its quotes are doubled`() {
        let query: PostgresQuery = "select * from \(identifier: "a\"b")"
        #expect(query.sql == "select * from \"a\"\"b\"")
    }

    @Test func `the description of a statement holds no parameters`() {
        let query: PostgresQuery = "select \("secret")"
        #expect("\(query)" == "select $1")
    }

    @Test func `an array is written as PostgreSQL reads it, bytes are bytes`() {
        #expect(["a", "b\"c\\d", ""].postgresValue == .text(#"{"a","b\"c\\d",""}"#))
        #expect([1, nil, 3].postgresValue == .text(#"{"1",NULL,"3"}"#))
        #expect(([1, 255] as [UInt8]).postgresValue == .bytes([1, 255]))
    }

    @Test(
        arguments: [
            ("0", 0), ("-1", -1), ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("", nil), ("-", nil), ("1.5", nil),
            ("1 ", nil),
        ] as [(String, Int?)])
    func `an integer is read to its last digit, and refused beyond`(text: String, value: Int?) {
        var text = text
        #expect(text.withUTF8 { Int(postgresText: $0) } == value)
    }

    @Test(
        arguments: [("\\x", []), ("\\x00fF", [0, 255]), ("\\x0", nil), ("\\xzz", nil), ("00", nil)]
            as [(String, [UInt8]?)])
    func `bytea is read from its hexadecimal form`(text: String, value: [UInt8]?) {
        var text = text
        #expect(text.withUTF8 { [UInt8](postgresText: $0) } == value)
    }
}
#endif
