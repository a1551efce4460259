#if Batch
import Foundation

/// What a form sends (`multipart/form-data`, RFC 7578): fields of text, and files whose names the rows tell.
struct FormBody: Sendable {
    struct Problem: Error { var message: String }

    private struct Field: Sendable {
        var name: String
        var value: TemplateText
        var isFile: Bool
        var type: String?
    }

    private static let id = "id"
    /// Bytes of one file.
    private static let longest = 1 << 30

    private var fields: [Field] = []

    /// - Parameters:
    ///   - texts: As a command line says them: `name=text`, `name=@path` and `name=@path;type=image/png`.
    ///   - template: Where the values of variables come from.
    /// - Throws: ``TemplateProblem``.
    init(_ texts: [String], in template: RowTemplate) throws(TemplateProblem) {
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw TemplateProblem(
                    "--form '\(Visible.text(text))' must look like name=text, or name=@path for a file")
            }
            var (value, type) = (parts[1], String?.none)
            let isFile = value.hasPrefix("@")
            if isFile {
                value.removeFirst()
                if let mark = value.ranges(of: ";type=").last {
                    type = String(value[mark.upperBound...])
                    value = String(value[..<mark.lowerBound])
                    guard type?.wholeMatch(of: /[A-Za-z0-9.+_-]+\/[A-Za-z0-9.+_-]+(;[ -~]*)?/) != nil else {
                        throw TemplateProblem("--form '\(Visible.text(text))': that is no media type; image/png is one")
                    }
                }
                guard !value.isEmpty else { throw TemplateProblem("--form '\(Visible.text(text))' names no file") }
            }
            let shown = "--form \(Visible.text(parts[0]))"
            fields.append(
                Field(
                    name: parts[0], value: try TemplateText(value, .text, of: shown, in: template), isFile: isFile,
                    type: type))
        }
    }

    /// Columns that its fields are made of.
    var columns: Set<String> { Set(fields.flatMap(\.value.holes).map(\.name)).subtracting([Self.id]) }

    /// What it looks like for a row, without what files hold and without what came from the environment.
    func text(of row: BatchRow) -> String {
        fields.map { field in
            let value = (try? Self.text(field, row, secrets: false)) ?? "?"
            return "\(field.name)=\(field.isFile ? "@" : "")\(value)"
        }.joined(separator: "\n")
    }

    /// Bytes that the row's files have, so that room can be had for them. Blocks.
    func size(of row: BatchRow) throws(Problem) -> Int {
        var size = 0
        for field in fields where field.isFile {
            let path = try Self.text(field, row, secrets: true)
            var status = stat()
            guard stat(path, &status) == 0 else { throw Self.unreadable(path, "\(SystemError(errno))") }
            guard status.st_mode & S_IFMT == S_IFREG else { throw Self.unreadable(path, "it is no file") }
            guard status.st_size <= Self.longest else { throw Self.unreadable(path, "it is longer than 1 GiB") }
            size += Int(status.st_size)
        }
        return size
    }

    /// The body of a row's call, and what its `Content-Type` is. Blocks while files are read.
    func body(of row: BatchRow) throws(Problem) -> (bytes: [UInt8], type: String) {
        // 128 random bits: no file holds them by chance.
        let boundary =
            "concerto-" + String(UInt64.random(in: 0...(.max)), radix: 36)
            + String(UInt64.random(in: 0...(.max)), radix: 36)
        var bytes: [UInt8] = []
        for field in fields {
            let value = try Self.text(field, row, secrets: true)
            bytes += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(field.name))\"".utf8
            if field.isFile {
                let url = URL(fileURLWithPath: value)
                let type = field.type ?? Self.types[url.pathExtension.lowercased()] ?? "application/octet-stream"
                bytes += "; filename=\"\(Self.quoted(url.lastPathComponent))\"\r\nContent-Type: \(type)\r\n\r\n".utf8
                do {
                    bytes += try Data(contentsOf: url)
                } catch {
                    throw Self.unreadable(value, error.localizedDescription)
                }
            } else {
                bytes += "\r\n\r\n\(value)".utf8
            }
            bytes += "\r\n".utf8
        }
        bytes += "--\(boundary)--\r\n".utf8
        return (bytes, "multipart/form-data; boundary=\(boundary)")
    }

    private static func text(_ field: Field, _ row: BatchRow, secrets: Bool) throws(Problem) -> String {
        do throws(TemplateProblem) {
            let bytes = try field.value.render(secrets: secrets) { hole throws(TemplateProblem) in
                if hole.name == id { return .text(row.identity.key) }
                guard let value = row.columns[hole.name] else {
                    throw TemplateProblem("the row has no '\(Visible.text(hole.name))', which --form names")
                }
                return value
            }
            let text = String(decoding: bytes ?? [], as: UTF8.self)
            guard !field.isFile || !text.isEmpty && !text.utf8.contains(0) else {
                throw TemplateProblem("the file of the form's '\(Visible.text(field.name))' has no name")
            }
            return text
        } catch {
            throw Problem(message: "\(error)")
        }
    }

    private static func unreadable(_ path: String, _ reason: String) -> Problem {
        Problem(message: "the form's file '\(Visible.text(path))' can't be read: \(reason)")
    }

    /// As browsers write it (WHATWG, multipart/form-data encoding algorithm).
    private static func quoted(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "%22"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// What files are by the end of their names (IANA); anything else is bytes.
    private static let types = [
        "csv": "text/csv", "gif": "image/gif", "htm": "text/html", "html": "text/html", "jpeg": "image/jpeg",
        "jpg": "image/jpeg", "json": "application/json", "mp3": "audio/mpeg", "mp4": "video/mp4",
        "ndjson": "application/x-ndjson",
        "pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml", "txt": "text/plain", "wav": "audio/wav",
        "webp": "image/webp", "xml": "application/xml", "zip": "application/zip",
    ]
}
#endif
