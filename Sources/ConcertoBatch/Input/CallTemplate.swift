#if Batch
import ConcertoHTTP

/// The texts of a template, taken apart once: what each row's call is made of.
struct CallTemplate: Sendable {
    /// What a row's call is made of, as a row of objects says it.
    struct Parts {
        var method: String?
        var url: String?
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        var bodyType: String?
    }

    var url: TemplateText?
    var method: TemplateText?
    var body: TemplateText?
    var headers: [(name: String, text: TemplateText)] = []
    /// What the body is, where no header says so.
    private var bodyType: String?
    /// Columns whose values are secret: they are in no result.
    private(set) var secrets: Set<String> = []

    /// Columns that begin the URL, and may hold a password.
    private(set) var addresses: Set<String> = []

    /// - Throws: ``TemplateProblem``.
    init(_ template: RowTemplate, contentType: String?, hides: (String) -> Bool) throws(TemplateProblem) {
        if let text = template.url {
            url = try TemplateText(text, .url, of: "--url", in: template)
            let shown = (try? TemplateText(URLSecrets.masked(text), .url, of: "--url", in: template))?.holes.map(\.name)
            for hole in url?.holes ?? [] {
                switch hole.place {
                case .address, .host: addresses.insert(hole.name)
                default: break
                }
            }
            secrets.formUnion(Set(url?.holes.map(\.name) ?? []).subtracting(shown ?? []))
        }
        if let text = template.method { method = try TemplateText(text, .method, of: "--method", in: template) }
        for (name, value) in template.headers {
            let text = try TemplateText(value, .header, of: "the header '\(name)'", in: template)
            headers.append((name, text))
            if hides(name) { secrets.formUnion(text.holes.map(\.name)) }
        }
        if let text = template.body {
            let type =
                (contentType ?? headers.first { $0.name.lowercased() == "content-type" }?.text.source)?.lowercased()
            let kind: TemplateText.Kind =
                if let type {
                    type.contains("json") ? .json : type.contains("x-www-form-urlencoded") ? .form : .text
                } else {
                    Self.looksLikeJSON(text) ? .json : .text
                }
            body = try TemplateText(text, kind, of: "--body", in: template)
            if type == nil { bodyType = kind == .json ? "application/json" : "text/plain; charset=utf-8" }
        }
    }

    var texts: [TemplateText] { [url, method, body].compactMap { $0 } + headers.map(\.text) }

    /// What begins as an array, a string or an object does; a brace may also be that of a placeholder.
    private static func looksLikeJSON(_ text: String) -> Bool {
        let bytes = Array(text.utf8)[...].trimmingJSONWhitespace()
        switch bytes.first {
        case UInt8(ascii: "["), UInt8(ascii: "\""): return true
        case UInt8(ascii: "{"):
            let next = bytes.dropFirst().first { !$0.isJSONWhitespace }
            return next == UInt8(ascii: "\"") || next == UInt8(ascii: "}") && !bytes.dropFirst().isEmpty
                || text.wholeMatch(of: /\s*\{[^{}"]+:json\}\s*/) != nil
        default: return false
        }
    }

    /// What the row's call is made of.
    ///
    /// - Parameter secrets: Whether what came from the environment is shown.
    func render(
        secrets: Bool, _ value: (TemplateText.Hole) throws(TemplateProblem) -> TemplateValue
    ) throws(TemplateProblem) -> Parts {
        var parts = Parts()
        func text(_ template: TemplateText?) throws(TemplateProblem) -> String? {
            guard let template else { return nil }
            return try template.render(secrets: secrets, value).map { String(decoding: $0, as: UTF8.self) }
        }
        parts.url = try text(url)
        parts.method = try text(method)
        for (name, template) in headers {
            if let value = try text(template) { parts.headers.append((name, value)) }
        }
        if let body {
            parts.body = try body.render(secrets: secrets, value)
            parts.bodyType = bodyType
        }
        return parts
    }

    /// Whether something came from the environment.
    var hasSecrets: Bool {
        texts.contains { $0.parts.contains { if case .secret = $0 { true } else { false } } }
    }

    /// Gives each placeholder the number of its column.
    ///
    /// - Throws: ``TemplateProblem`` that names the nearest column.
    mutating func bind(to columns: [String]) throws(TemplateProblem) {
        func bound(_ text: TemplateText?, _ option: String) throws(TemplateProblem) -> TemplateText? {
            guard var text else { return nil }
            try text.bind(to: columns, of: option)
            return text
        }
        url = try bound(url, "--url")
        method = try bound(method, "--method")
        body = try bound(body, "--body")
        for index in headers.indices {
            try headers[index].text.bind(to: columns, of: "the header '\(headers[index].name)'")
        }
    }
}

extension TemplateText {
    /// What to say of a name that is no column's.
    static func unknown(_ name: String, of option: String, among columns: [String]) -> TemplateProblem {
        let named = columns.filter { !$0.isEmpty }
        let nearest = named.min {
            distance($0.lowercased(), name.lowercased()) < distance($1.lowercased(), name.lowercased())
        }
        let isNear =
            nearest.map {
                distance($0.lowercased(), name.lowercased()) <= (name.count < 4 ? 1 : max(2, name.count / 3))
            } ?? false
        let list = named.prefix(10).map { Visible.text($0) }.joined(separator: ", ") + (named.count > 10 ? ", …" : "")
        return TemplateProblem(
            "\(option) names {\(Visible.text(name))}, and there is no such column"
                + (isNear ? "; is '\(Visible.text(nearest ?? ""))' meant?" : ".")
                + " The columns are \(list); {{ is a brace itself")
    }

    /// How many letters must be put in, taken out or changed (Levenshtein 1965).
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right.prefix(200)))
        var row = Array(0...right.count)
        for (i, a) in left.prefix(200).enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let change = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
#endif
