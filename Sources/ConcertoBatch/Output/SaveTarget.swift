#if Batch
import ConcertoHTTP
import Foundation
import NIOCore

/// Where the bodies of answers go, each to a file of its own: `downloads/{country}/{id}.bin`.
///
/// What rows put into the name is one part of a path, whatever it holds: separators are percent-encoded, and so is a dot that
/// would begin a name. No two rows can mean one file, because a part of the path has the row's id for itself. A file is there
/// as a whole or not at all.
struct SaveTarget: Sendable {
    struct Problem: Error { var message: String }

    /// The row's id, which no other row has.
    private static let id = "id"
    /// Bytes that a file's name may have on the file systems in use, less those of what a name has while it is written.
    private static let longest = 250

    private let template: TemplateText

    /// Columns that names are made of.
    var columns: Set<String> { Set(template.holes.map(\.name)).subtracting([Self.id]) }

    /// - Throws: ``TemplateProblem``.
    init(_ text: String) throws(TemplateProblem) {
        template = try TemplateText(text, .text, of: "--save", in: RowTemplate())
        // Whether a part of the path has the id and nothing else that rows put in.
        var holes: [[String]] = [[]]
        for part in template.parts {
            switch part {
            case .text(let bytes):
                for byte in bytes where byte == UInt8(ascii: "/") { holes.append([]) }
            case .hole(let hole): holes[holes.count - 1].append(hole.name)
            case .secret: throw TemplateProblem("--save: a file's name must hold nothing of the environment")
            }
        }
        guard holes.contains([Self.id]) else {
            throw TemplateProblem(
                "--save '\(Visible.text(text))' could give two rows one file; let a part of the path have {id} for itself, as in "
                    + "downloads/{id}.bin")
        }
        guard !text.hasSuffix("/") else {
            throw TemplateProblem("--save '\(Visible.text(text))' names a folder, and no file")
        }
    }

    /// The row's file.
    func path(of row: BatchRow) throws(Problem) -> String {
        var path: [UInt8] = []
        for part in template.parts {
            switch part {
            case .text(let bytes), .secret(let bytes): path += bytes
            case .hole(let hole):
                let text = hole.name == Self.id ? row.identity.key : row.columns[hole.name]?.text
                guard let text, !text.isEmpty else {
                    throw Problem(message: "its file has no name: '\(Visible.text(hole.name))' is empty")
                }
                for byte in text.utf8 {
                    // Not even behind a dot of the template may a dot make two.
                    let begins = path.isEmpty || path.last == UInt8(ascii: "/") || path.last == UInt8(ascii: ".")
                    if byte >= 0x80 {
                        path.append(byte)
                    } else if begins, byte == UInt8(ascii: ".") {
                        path += "%2E".utf8
                    } else {
                        path.appendPercentEncoded(byte)
                    }
                }
            }
        }
        guard path.split(separator: UInt8(ascii: "/")).allSatisfy({ $0.count <= Self.longest }) else {
            throw Problem(message: "its file's name would be longer than \(Self.longest) bytes")
        }
        return String(decoding: path, as: UTF8.self)
    }

    /// Writes a body to a file, under another name until it is there as a whole. Blocks.
    ///
    /// - Throws: ``BatchError`` if that can't be done: it could not for the next one either.
    static func write(_ body: ByteBuffer, to path: String, durable: Bool) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        // No row's file is called so: of what rows put in, a plus is encoded.
        let part = path + "+part"
        func failed(_ what: String) -> BatchError {
            BatchError.store("'\(path)' can't be written: \(what); make room, or mend that, and resume")
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw failed("there is no folder for it (\(error.localizedDescription))")
        }
        unlink(part)
        do {
            try ResultFile(path: part, durable: durable).append(Array(body.readableBytesView))
        } catch {
            unlink(part)
            throw failed("\(error)")
        }
        guard rename(part, path) == 0 else { throw failed("\(SystemError(errno))") }
    }
}
#endif
