#if Exporters
import ConcertoResilience
import Foundation

/// What became of a request.
enum OTLPOutcome: Sendable, Hashable {
    /// It arrived. The other side may have refused some of it, and may have something to say.
    case delivered(rejected: Int, message: String)
    /// It was not taken, and no further attempt is made.
    case dropped(String)
}

/// A request that failed in a way that passes.
struct OTLPTransientError: RetryAfterProviding, CustomStringConvertible {
    var description: String
    var wait: Duration?

    var retryAdvice: RetryAdvice { wait.map { .after($0) } ?? .unspecified }
}

/// The `partialSuccess` of an answer, in either encoding.
struct OTLPAnswer: Sendable, Hashable {
    var rejected = 0
    var message = ""

    /// Reads a body. What cannot be read says nothing: the status has said that the request arrived.
    init(_ body: [UInt8], contentType: String) {
        // Parameters, as in `application/json; charset=utf-8`, change nothing.
        let type = contentType.split(separator: ";").first.map { $0.trimmed.lowercased() }
        if type == "application/json" { readJSON(body) } else { readProtobuf(body) }
    }

    private mutating func readJSON(_ body: [UInt8]) {
        guard let all = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let partial = all["partialSuccess"] as? [String: Any]
        else { return }
        for key in ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"] {
            if let text = partial[key] as? String { rejected = Int(text) ?? 0 }
            if let number = partial[key] as? Int { rejected = number }
        }
        message = partial["errorMessage"] as? String ?? ""
    }

    private mutating func readProtobuf(_ body: [UInt8]) {
        guard let partial = ProtobufReader(body).fields.last(where: { $0.number == 1 }) else { return }
        for field in ProtobufReader(partial.bytes).fields {
            if field.number == 1 { rejected = Int(clamping: field.value) }
            if field.number == 2 { message = String(decoding: field.bytes, as: UTF8.self) }
        }
    }
}

/// The fields of a message of protocol buffers, one level.
struct ProtobufReader {
    struct Field {
        var number: UInt64
        var value: UInt64 = 0
        var bytes: [UInt8] = []
    }

    /// What could be read before the end, or before what makes no sense.
    let fields: [Field]

    init(_ bytes: [UInt8]) {
        var fields: [Field] = []
        var rest = bytes[...]
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard let byte = rest.popFirst() else { return nil }
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        while let tag = varint() {
            var field = Field(number: tag >> 3)
            let length: Int
            switch tag & 7 {
            case 0:
                guard let value = varint() else { continue }
                field.value = value
                fields.append(field)
                continue
            case 1: length = 8
            case 2: length = varint().map { Int(clamping: $0) } ?? .max
            case 5: length = 4
            default: length = .max
            }
            guard length <= rest.count else { break }
            field.bytes = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
            fields.append(field)
        }
        self.fields = fields
    }
}
#endif
