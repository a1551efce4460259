#if Batch
import ConcertoHTTP
import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import ConcertoBatch

struct ResultEncoderTests {
    private func line(
        _ reply: HTTPReply, showsHeaders: Bool = false, metadata: JSONText? = nil
    ) throws -> (text: String, object: [String: Any]) {
        try line(.answered(reply), showsHeaders: showsHeaders, metadata: metadata)
    }

    private func line(
        _ outcome: RowResult.Outcome, showsHeaders: Bool = false, metadata: JSONText? = nil
    ) throws -> (text: String, object: [String: Any]) {
        let result = RowResult(
            identity: RowIdentity(number: 1, line: 1, token: .string("a\"b")), outcome: outcome, attempts: 2,
            latency: .microseconds(12_345), queued: .microseconds(1_000_007), metadata: metadata)
        let encoder = ResultEncoder(showsHeaders: showsHeaders, secretHeaders: [])
        let bytes = encoder.line(for: result)
        #expect(bytes.last == UInt8(ascii: "\n") && bytes.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        return (String(decoding: bytes, as: UTF8.self), try #require(object))
    }

    private func reply(_ body: [UInt8], type: String? = nil, truncated: Bool = false) -> HTTPReply {
        HTTPReply(
            status: 200, headers: type.map { ["content-type": $0] } ?? [:], body: ByteBuffer(bytes: body),
            isTruncated: truncated)
    }

    @Test func theFieldsStandInTheirOrder() throws {
        let (text, _) = try line(
            reply(Array("{\"n\": 12345678901234567890}".utf8), type: "application/json; charset=utf-8"),
            metadata: try JSONText("{\"m\": 1}".utf8))
        #expect(
            text == #"{"id":"a\"b","status":200,"body":{"n":12345678901234567890},"attempts":2,"#
                + #""latency_ms":12.345,"queued_ms":1000.007,"error":null,"metadata":{"m":1}}"# + "\n")
    }

    @Test(arguments: ["application/json", "application/problem+json", "APPLICATION/JSON;x=y", "text/json"])
    func jsonStaysJSON(type: String) throws {
        let object = try line(reply(Array("[1, 2]".utf8), type: type)).object
        #expect(object["body"] as? [Int] == [1, 2])
    }

    @Test func whatOnlyClaimsToBeJSONIsText() throws {
        let object = try line(reply(Array("{oops\n".utf8), type: "application/json")).object
        #expect(object["body"] as? String == "{oops\n")
    }

    @Test func withoutATypeObjectsAndArraysAreJSON() throws {
        #expect(try line(reply(Array(" {\"a\":1}".utf8))).object["body"] as? [String: Int] == ["a": 1])
        #expect(try line(reply(Array("12".utf8))).object["body"] as? String == "12")
    }

    @Test func textStaysTextAndBinaryIsBase64() throws {
        #expect(
            try line(reply(Array("é\u{0}\"\\\n😀".utf8), type: "text/plain")).object["body"] as? String
                == "é\u{0}\"\\\n😀")
        let (_, object) = try line(reply(Array(0...255), type: "application/octet-stream"))
        #expect(object["body_encoding"] as? String == "base64")
        #expect((object["body"] as? String).flatMap { Data(base64Encoded: $0) } == Data(0...255))
    }

    @Test func noBodyIsNull() throws { #expect(try line(reply([])).object["body"] is NSNull) }

    @Test func aCutBodyIsFlaggedAndNoJSON() throws {
        let object = try line(reply(Array("{\"a\":1}".utf8), type: "application/json", truncated: true)).object
        #expect(object["body"] as? String == "{\"a\":1}" && object["body_truncated"] as? Bool == true)
    }

    // A text that is cut in the middle of a character is still text.
    @Test func aTextCutInTheMiddleOfACharacterStaysText() throws {
        for missing in 1...3 {
            let bytes = Array("héllo 😀".utf8).dropLast(missing)
            let object = try line(reply(Array(bytes), type: "text/plain; charset=utf-8", truncated: true)).object
            #expect(object["body_encoding"] == nil)
            #expect((object["body"] as? String)?.hasPrefix("héllo ") == true)
        }
    }

    @Test func headersAreShownOnRequestAndSecretsNever() throws {
        var reply = reply(Array("x".utf8), type: "text/plain")
        reply.headers.add(name: "Set-Cookie", value: "s3cr3t")
        reply.headers.add(name: "X-A", value: "1")
        reply.headers.add(name: "x-a", value: "2")
        #expect(try line(reply).object["headers"] == nil)
        let (text, object) = try line(reply, showsHeaders: true)
        #expect(
            object["headers"] as? [String: String] == [
                "content-type": "text/plain", "set-cookie": "(secret)", "x-a": "1, 2",
            ])
        #expect(!text.contains("s3cr3t"))
    }

    @Test func failuresHaveAKindAndAMessage() throws {
        let object = try line(.failed(kind: "connect", message: "no \"way\"")).object
        #expect(object["status"] is NSNull && object["body"] is NSNull)
        #expect(object["error"] as? [String: String] == ["kind": "connect", "message": "no \"way\""])
        let status = try line(HTTPReply(status: 404)).object
        #expect((status["error"] as? [String: String])?["kind"] == "status")
        #expect(try line(HTTPReply(status: 799)).object["status"] as? Int == 799)
    }

    @Test func redirectsThatAreNotFollowedAreNoFailures() throws {
        #expect(try line(HTTPReply(status: 302)).object["error"] is NSNull)
    }
}
#endif
