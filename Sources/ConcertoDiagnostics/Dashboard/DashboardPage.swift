/// The page that shows a process: one file, which asks for nothing but the streams of the server that it came from.
package enum DashboardPage {
    /// The page, and the headers it must be sent with.
    package struct Rendered: Sendable {
        package var body: [UInt8]
        package var headers: [(String, String)]
    }

    /// - Parameters:
    ///   - title: What is shown, in a few words.
    ///   - sample: What is shown to those whose browser runs no script.
    package static func render(title: String, sample: DiagnosticsSample?) -> Rendered {
        let nonce = (0..<2).map { _ in String(UInt64.random(in: 0x1000_0000_0000_0000 ... .max), radix: 16) }.joined()
        var page = ""
        var rest = template[...]
        // One pass: what is put in is not looked through.
        while let begin = rest.firstRange(of: "{{"), let end = rest[begin.upperBound...].firstRange(of: "}}") {
            page += rest[..<begin.lowerBound]
            switch rest[begin.upperBound..<end.lowerBound] {
            case "title": page += escaped(title)
            case "nonce": page += nonce
            case "css": page += style
            case "js": page += script
            case "static": page += escaped(sample.map(text) ?? "No sample has been taken yet: load the page again.")
            default: break
            }
            rest = rest[end.upperBound...]
        }
        return Rendered(body: Array((page + rest).utf8), headers: headers(nonce: nonce))
    }

    private static func headers(nonce: String) -> [(String, String)] {
        let policy = [
            "default-src 'none'", "script-src 'nonce-\(nonce)'", "style-src 'nonce-\(nonce)'", "connect-src 'self'",
            "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ]
        return [
            ("Content-Security-Policy", policy.joined(separator: "; ")), ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"), ("Cache-Control", "no-store"),
        ]
    }

    /// The parts of the page as they were built in; see `Page`.
    private static let template = String(decoding: PackageResources.page_html, as: UTF8.self)
    private static let style = String(decoding: PackageResources.page_css, as: UTF8.self)
    private static let script = [PackageResources.data_js, PackageResources.charts_js, PackageResources.view_js]
        .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")

    private static func text(_ sample: DiagnosticsSample) -> String {
        var lines = ["memory \(sample.memory) bytes", "processor time \(sample.processorSeconds) s"]
        if let wait = sample.queueWait { lines.append("queue wait \(wait) s") }
        if let pool = sample.pool {
            lines.append(
                "pool \(pool.running) running, \(pool.blocked) blocked, \(pool.idle) idle, \(pool.queued) queued")
        }
        lines += sample.rows.map { row in
            let numbers = row.numbers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return ([row.kind.rawValue, row.name] + [row.state].compactMap(\.self) + numbers).joined(separator: "  ")
        }
        return lines.joined(separator: "\n")
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
