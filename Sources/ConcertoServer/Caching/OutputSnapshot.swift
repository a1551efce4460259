#if Server
import ConcertoRuntime
import HTTPTypes
import Hummingbird
import NIOCore

/// A whole answer.
struct OutputSnapshot: Sendable {
    let status: HTTPResponse.Status
    let headers: HTTPFields
    let body: ByteBuffer
    let made: TimerInstant
    /// Until when it may be given out by its own word.
    let ends: TimerInstant

    /// What it weighs, in bytes.
    var weight: Int {
        headers.reduce(256 + body.readableBytes) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
    }

    func response(to request: Request, at now: TimerInstant) -> Response {
        var headers = headers
        if let age = HTTPField.Name("Age") { headers[age] = String(made.duration(to: now).components.seconds) }
        if status == .ok, matches(request.headers[values: .ifNoneMatch]) {
            headers[.contentLength] = nil
            headers[.contentType] = nil
            var response = Response(status: .notModified, headers: headers)
            // Of an empty body, which this is not the length of.
            response.headers[.contentLength] = nil
            return response
        }
        let response = Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func matches(_ wishes: [String]) -> Bool {
        guard let tag = headers[.eTag], !wishes.isEmpty else { return false }
        let own = Self.opaque(tag[...])
        return wishes.flatMap { $0.split(separator: ",") }.contains { Self.opaque($0) == own || Self.opaque($0) == "*" }
    }

    /// A tag without its weakness and the spaces around it.
    private static func opaque(_ tag: Substring) -> Substring {
        var text = tag.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text.hasPrefix("W/") ? text.dropFirst(2) : text
    }
}

/// What may be done with an answer.
enum OutputVerdict: Equatable {
    /// Given to everybody until then.
    case keep(until: TimerInstant)
    /// Given to those who waited for it.
    case share
    /// Given to who asked for it.
    case pass

    init(_ response: Response, vary: [HTTPField.Name], at now: TimerInstant) {
        let headers = response.headers
        let directives = CacheDirectives(headers[values: .cacheControl].joined(separator: ","))
        let depends = headers[values: .vary].flatMap { $0.split(separator: ",") }
            .map { $0.filter { $0 != " " }.lowercased() }
        let isTold = depends.allSatisfy { name in vary.contains { $0.canonicalName == name } }
        guard !headers.contains(.setCookie), isTold, directives.names.isDisjoint(with: ["private", "no-store"]) else {
            self = .pass
            return
        }
        guard response.status == .ok, !directives.names.contains("no-cache"), directives.maxAge != 0 else {
            self = .share
            return
        }
        // Nobody outlives a century: no overflow.
        let seconds = directives.maxAge.map { min($0, 3_155_760_000) }
        self = .keep(until: seconds.map { now.advanced(by: .seconds($0)) } ?? .distantFuture)
    }
}

/// Collects a body.
struct OutputCollector: ResponseBodyWriter {
    /// What has come; written by the one task that writes the body.
    final class Content: @unchecked Sendable {
        var bytes = ByteBuffer()
        var isFinished = false
    }

    let content: Content
    let limit: Int

    mutating func write(_ buffer: ByteBuffer) async throws {
        guard content.bytes.readableBytes + buffer.readableBytes <= limit else { throw WrongBodyError() }
        content.bytes.writeImmutableBuffer(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { content.isFinished = true }
}

/// A body is not as long as its handler has said: half an answer must be given to nobody.
struct WrongBodyError: Error, CustomStringConvertible {
    var description: String { "a body is not as long as its handler has said" }
}
#endif
