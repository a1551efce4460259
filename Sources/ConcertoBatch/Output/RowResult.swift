#if Batch
import Concerto
import ConcertoHTTP
import NIOCore
import NIOHTTP1

/// How one row ended.
struct RowResult: Sendable {
    enum Outcome: Sendable {
        case answered(HTTPReply)
        case failed(kind: String, message: String)
    }

    var identity: RowIdentity
    var outcome: Outcome
    /// Where its call goes; `nil` for a row that can't be called.
    var host: String?
    var attempts = 0
    /// The last attempt, from its start to the last byte.
    var latency = Duration.zero
    /// Everything before it: from when the row was due, its waits and earlier attempts included.
    var queued = Duration.zero
    var metadata: JSONText?
    /// The answer's body, if somebody wants a part of it and it is JSON.
    var json: [UInt8]?
    /// What the pages of the answer hold together, and how many they were.
    var pages: (items: [UInt8], count: Int, isCut: Bool)?
    /// The file that the body went to, and its length.
    var file: (path: String, bytes: Int)?
    /// The id of the row whose answer this is, which made the same call.
    var sameAs: JSONText?
    /// What was expected of the answer, and was not so.
    var unmet: String?

    var isSuccess: Bool { isAccepted && unmet == nil }

    /// Whether the answer's status is one of success.
    var isAccepted: Bool {
        if case .answered(let reply) = outcome { (200..<400).contains(reply.status) } else { false }
    }

    /// The kind of failure, as results and summaries name it.
    var failure: (kind: String, message: String)? {
        switch outcome {
        case .failed(let kind, let message): (kind, message)
        case .answered where isAccepted: unmet.map { ("expectation", $0) }
        case .answered(let reply): ("status", "\(HTTPResponseStatus(statusCode: reply.status))")
        }
    }
}

/// Writes results as lines of JSON.
struct ResultEncoder: Sendable {
    var showsHeaders: Bool
    /// Names of secret headers, in lower case, besides those that look secret.
    var secretHeaders: Set<String>
    var selections: [Selection] = []

    func line(for result: RowResult) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line.append(contentsOf: "{\"id\":".utf8)
        line.append(contentsOf: result.identity.token.bytes)
        line.append(contentsOf: ",\"status\":".utf8)
        if case .answered(let reply) = result.outcome {
            line.append(contentsOf: String(reply.status).utf8)
            if let url = reply.redirectedURL {
                line.append(contentsOf: ",\"final_url\":".utf8)
                line.appendJSONString(URLSecrets.masked(url).utf8)
            }
            if showsHeaders { append(reply.headers, to: &line) }
            if let pages = result.pages {
                if selections.isEmpty {
                    line.append(contentsOf: ",\"body\":".utf8)
                    line.append(contentsOf: pages.items)
                }
                line.append(contentsOf: ",\"pages\":\(pages.count)\(pages.isCut ? ",\"pages_cut\":true" : "")".utf8)
            } else if let file = result.file {
                line.append(contentsOf: ",\"file\":".utf8)
                line.appendJSONString(file.path.utf8)
                line.append(contentsOf: ",\"bytes\":\(file.bytes)".utf8)
            } else if selections.isEmpty || !result.isSuccess {
                append(reply, to: &line)
            }
        } else {
            line.append(contentsOf: selections.isEmpty ? "null,\"body\":null".utf8 : "null".utf8)
        }
        for selection in selections {
            line.append(UInt8(ascii: ","))
            line.appendJSONString(selection.name.utf8)
            line.append(UInt8(ascii: ":"))
            let value = result.isSuccess ? result.json.flatMap { selection.path.value(in: $0) } : nil
            line.append(contentsOf: value?.bytes ?? Array("null".utf8))
        }
        line.append(contentsOf: ",\"attempts\":\(result.attempts),\"latency_ms\":".utf8)
        append(result.latency, to: &line)
        line.append(contentsOf: ",\"queued_ms\":".utf8)
        append(result.queued, to: &line)
        if let id = result.sameAs {
            line.append(contentsOf: ",\"same_as\":".utf8)
            line.append(contentsOf: id.bytes)
        }
        line.append(contentsOf: ",\"error\":".utf8)
        if let (kind, message) = result.failure {
            line.append(contentsOf: "{\"kind\":".utf8)
            line.appendJSONString(kind.utf8)
            line.append(contentsOf: ",\"message\":".utf8)
            line.appendJSONString(message.utf8)
            line.append(UInt8(ascii: "}"))
        } else {
            line.append(contentsOf: "null".utf8)
        }
        line.append(contentsOf: ",\"metadata\":".utf8)
        line.append(contentsOf: result.metadata?.bytes ?? Array("null".utf8))
        line.append(contentsOf: "}\n".utf8)
        return line
    }

    /// Milliseconds with three decimals.
    private func append(_ duration: Duration, to line: inout [UInt8]) {
        let microseconds = max(0, duration.saturatingNanoseconds / 1000)
        line.append(contentsOf: String(microseconds / 1000).utf8)
        line.append(UInt8(ascii: "."))
        let rest = microseconds % 1000
        for digit in [rest / 100, rest / 10 % 10, rest % 10] { line.append(UInt8(ascii: "0") + UInt8(digit)) }
    }

    private func append(_ headers: HTTPHeaders, to line: inout [UInt8]) {
        line.append(contentsOf: ",\"headers\":{".utf8)
        var names: Set<String> = []
        for (name, _) in headers where names.insert(name.lowercased()).inserted {
            if names.count > 1 { line.append(UInt8(ascii: ",")) }
            line.appendJSONString(name.lowercased().utf8)
            line.append(UInt8(ascii: ":"))
            let isSecret = HeaderRules.isSecret(name) || secretHeaders.contains(name.lowercased())
            // A location may hold a password, or a token.
            let value = isSecret ? URLSecrets.mask : URLSecrets.masked(headers[name].joined(separator: ", "))
            line.appendJSONString(value.utf8)
        }
        line.append(UInt8(ascii: "}"))
    }

    /// JSON stays JSON, text stays text, anything else becomes base64.
    private func append(_ reply: HTTPReply, to line: inout [UInt8]) {
        line.append(contentsOf: ",\"body\":".utf8)
        let body = reply.body.readableBytesView
        if body.isEmpty {
            line.append(contentsOf: "null".utf8)
        } else if !appendJSON(reply, to: &line) {
            appendText(reply, to: &line)
        }
        if reply.isTruncated { line.append(contentsOf: ",\"body_truncated\":true".utf8) }
    }

    private func appendText(_ reply: HTTPReply, to line: inout [UInt8]) {
        if let text = text(reply) {
            line.appendJSONString(text.utf8)
        } else {
            line.append(UInt8(ascii: "\""))
            line.append(contentsOf: base64(reply.body.readableBytesView))
            line.append(contentsOf: "\",\"body_encoding\":\"base64".utf8)
            line.append(UInt8(ascii: "\""))
        }
    }

    /// The body as text, without the part of a character that a cut has left at its end.
    private func text(_ reply: HTTPReply) -> String? {
        let body = reply.body.readableBytesView
        for cut in 0...(reply.isTruncated ? min(3, body.count) : 0) {
            if let text = String(validating: body.dropLast(cut), as: UTF8.self) { return text }
        }
        return nil
    }

    /// The body on one line, if it is JSON, whatever it calls itself.
    static func json(_ reply: HTTPReply, depth: Int = 0) -> [UInt8]? {
        guard !reply.isTruncated else { return nil }
        var json: [UInt8] = []
        let isJSON = reply.body.readableBytesView.withUnsafeBytes { bytes in
            JSONText.append(bytes.bindMemory(to: UInt8.self), depth: depth, to: &json)
        }
        return isJSON ? json : nil
    }

    private func appendJSON(_ reply: HTTPReply, to line: inout [UInt8]) -> Bool {
        guard !reply.isTruncated else { return false }
        let type = reply.headers.first(name: "content-type")?.lowercased().prefix { $0 != ";" }
        let first = reply.body.readableBytesView.first { !$0.isJSONWhitespace }
        let looksLikeJSON = type == nil && (first == UInt8(ascii: "{") || first == UInt8(ascii: "["))
        guard looksLikeJSON || type?.hasSuffix("json") == true else { return false }
        return reply.body.readableBytesView.withUnsafeBytes { bytes in
            JSONText.append(bytes.bindMemory(to: UInt8.self), to: &line)
        }
    }
}
#endif
