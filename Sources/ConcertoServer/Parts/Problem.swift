#if Server
import Foundation
public import HTTPTypes
import Hummingbird
import NIOCore

/// What a client is told about an error: problem details by RFC 9457. Throw it, or let the kit make one.
///
/// Nothing of another error's text is told; it is logged with the request's id, which is.
public struct Problem: Error, Sendable, CustomStringConvertible {
    /// The status.
    public var status: HTTPResponse.Status
    /// What kind of problem it is, as a URI; `about:blank` says no more than the status.
    public var type = "about:blank"
    /// In short, the same for all problems of the kind. Default: the status's own words.
    public var title: String?
    /// What happened this time, in words for the client.
    public var detail: String?
    /// Headers of the answer.
    public var headers = HTTPFields()

    /// A problem that says `detail` to its client.
    public init(_ status: HTTPResponse.Status, detail: String? = nil) {
        self.status = status
        self.detail = detail
    }

    /// What is said where an error is shown.
    public var description: String { "\(status.code) \(title ?? status.reasonPhrase)\(detail.map { ": \($0)" } ?? "")" }

    init(_ status: HTTPResponse.Status, retryAfter seconds: Int64) {
        self.init(status)
        headers[.retryAfter] = String(max(1, seconds))
    }

    /// The answer: JSON, or plain text for who accepts neither JSON nor anything.
    func response(to request: Request, requestID: String?) -> Response {
        let title = title ?? status.reasonPhrase
        var headers = headers
        let text: String
        let accept = request.headers[.accept] ?? "*/*"
        if accept.contains("json") || accept.contains("*/*") {
            headers[.contentType] = "application/problem+json"
            var members = [
                "\"type\":\(Self.quoted(type))", "\"title\":\(Self.quoted(title))", "\"status\":\(status.code)",
            ]
            if let detail { members.append("\"detail\":\(Self.quoted(detail))") }
            if let requestID { members.append("\"requestId\":\(Self.quoted(requestID))") }
            text = "{\(members.joined(separator: ","))}"
        } else {
            headers[.contentType] = "text/plain; charset=utf-8"
            text = "\(status.code) \(title)\(detail.map { "\n\($0)" } ?? "")\n"
        }
        let response = Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// A request was not answered before its deadline.
struct RequestDeadlineError: Error {}
#endif
