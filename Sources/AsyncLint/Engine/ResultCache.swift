#if Lint
import Foundation

/// Reports of earlier runs, by what they were made of: the text of every file, the configuration, and the program itself. A run over
/// the same finds its report and parses nothing.
///
/// Entries are files in a folder; the oldest go when there are more than thirty-two. One that cannot be read is none.
public struct ResultCache: Sendable {
    private let folder: String
    /// What findings depend on besides the files.
    private let salt: String

    /// Creates a cache in a folder, which is made when it is needed.
    ///
    /// - Parameter salt: everything else the findings depend on: the configuration's text, options, the program's version.
    public init(folder: String, salt: String) {
        self.folder = folder
        self.salt = salt
    }

    /// The key of a run over files with these contents.
    func key(of files: [(path: String, hash: ContentHash?)]) -> String {
        var all = ContentHash()
        all.combine(salt)
        for (path, hash) in files {
            all.combine(path)
            all.combine(hash?.text ?? "unreadable")
        }
        return all.text
    }

    func report(for key: String) -> Linter.Report? {
        guard let data = FileManager.default.contents(atPath: folder + "/" + key) else { return nil }
        return try? PropertyListDecoder().decode(Linter.Report.self, from: data)
    }

    func store(_ report: Linter.Report, for key: String) {
        let encoder = PropertyListEncoder()
        encoder.outputFormat = .binary
        guard let data = try? encoder.encode(report) else { return }
        let manager = FileManager.default
        try? manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Written beside and moved, so that another run never reads half of it.
        try? data.write(to: URL(fileURLWithPath: folder + "/" + key), options: .atomic)
        guard let names = try? manager.contentsOfDirectory(atPath: folder), names.count > 32 else { return }
        let dated = names.map { name -> (String, Date) in
            let attributes = try? manager.attributesOfItem(atPath: folder + "/" + name)
            return (name, attributes?[.modificationDate] as? Date ?? .distantPast)
        }
        for (name, _) in dated.sorted(by: { $0.1 < $1.1 }).prefix(names.count - 32) {
            try? manager.removeItem(atPath: folder + "/" + name)
        }
    }
}

/// A hash of 128 bits over bytes: two lanes of multiply and shift, eight bytes a step. It tells texts apart; it is no defence against
/// somebody who wants two that collide.
struct ContentHash: Sendable {
    private var a: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var b: UInt64 = 0xC2B2_AE3D_27D4_EB4F

    init() {}

    init(_ bytes: [UInt8]) { combine(bytes) }

    mutating func combine(_ text: String) { combine(Array(text.utf8)) }

    mutating func combine(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset + 8 <= buffer.count {
                mix(buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                offset += 8
            }
            var rest: UInt64 = 0
            while offset < buffer.count {
                rest = rest << 8 | UInt64(buffer[offset])
                offset += 1
            }
            mix(rest)
            mix(UInt64(buffer.count))
        }
    }

    private mutating func mix(_ word: UInt64) {
        a = (a ^ word) &* 0xFF51_AFD7_ED55_8CCD
        a ^= a >> 33
        b = (b &+ word) &* 0xC4CE_B9FE_1A85_EC53
        b ^= b >> 29
    }

    var text: String {
        let one = String(a, radix: 16)
        let two = String(b, radix: 16)
        return String(repeating: "0", count: 16 - one.count) + one + String(repeating: "0", count: 16 - two.count) + two
    }
}
#endif
