#if Batch
import ConcertoHTTP
import Foundation

/// Where a run gets tokens that expire: OAuth's client credentials (RFC 6749 §4.4), or what `parameters` make of it.
public struct TokenSource: Sendable {
    /// Where tokens are asked for.
    public var url: String
    /// The client's name and secret, sent as HTTP Basic; `nil` where `parameters` say who asks.
    public var client: (name: String, secret: String)?
    /// What the token is to be good for.
    public var scope: String?
    /// Further fields of the request; one called `grant_type` goes before the usual.
    public var parameters: [(name: String, value: String)] = []
    /// The header that carries the token.
    public var header = "Authorization"
    /// What stands before and behind the token in it.
    public var frame = (before: "Bearer ", after: "")

    /// Creates a source.
    public init(url: String) { self.url = url }

    /// What makes no sense, a sentence each. No value is repeated: it may be a secret.
    var problems: [String] {
        var problems: [String] = []
        if (try? HTTPAddress(url)) == nil { problems.append("token-url must be an absolute URL, http or https") }
        if let problem = HeaderRules.problem(name: header, value: frame.before + frame.after) {
            problems.append("token-header: \(problem)")
        }
        if client == nil, parameters.isEmpty {
            problems.append("token-url needs --token-client NAME:SECRET, or --token-param that says who asks")
        }
        return problems
    }

    /// The request for a token.
    var call: HTTPCall {
        var fields = parameters
        if !fields.contains(where: { $0.name == "grant_type" }) {
            fields.insert(("grant_type", "client_credentials"), at: 0)
        }
        if let scope { fields.append(("scope", scope)) }
        let form = fields.map { name, value in
            String(decoding: percentEncoded(name) + [UInt8(ascii: "=")] + percentEncoded(value), as: UTF8.self)
        }
        var headers = [
            ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"),
            ("User-Agent", BatchOptions.userAgent),
        ]
        if let client {
            // Both are encoded as a form is, before they are joined.
            let pair = percentEncoded(client.name) + [UInt8(ascii: ":")] + percentEncoded(client.secret)
            headers.append(("Authorization", "Basic " + Data(pair).base64EncodedString()))
        }
        return HTTPCall(method: "POST", url: url, headers: headers, body: Array(form.joined(separator: "&").utf8))
    }
}
#endif
