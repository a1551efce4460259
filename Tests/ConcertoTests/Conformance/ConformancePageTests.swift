import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Makes `docs/conformance.md` from the rows of .NET's semantics and the tests that carry their ids, and fails if a row
/// has no test or the page is not what is checked in. `CONCERTO_WRITE_CONFORMANCE=1` writes it.
@Suite struct ConformancePageTests {
    @Test func `Every row has a test or a reason, and the page in docs says so`() throws {
        let rows = try read("docs/conformance-rows.tsv").split(separator: "\n").map {
            $0.split(separator: "\t").map(String.init)
        }
        let tests = try testsByRow()
        var page = """
            # .NET's semantics, row by row

            Made from the test suite: `CONCERTO_WRITE_CONFORMANCE=1 swift test --filter ConformancePageTests` writes this page, and
            the suite fails if a row has neither a test nor a reason.


            """
        var section = ""
        for row in rows {
            try #require(row.count == 4, "\(row)")
            let current = row[0].split(separator: ".").prefix(2).joined(separator: ".")
            if current != section {
                section = current
                page +=
                    "## \(Self.titles[section] ?? section)\n\n| row | .NET | Concerto | test | verdict |\n|---|---|---|---|---|\n"
            }
            let names = tests[row[0]] ?? []
            let isApplicable = !row[3].hasPrefix("not applicable")
            #expect(!isApplicable || !names.isEmpty, "row \(row[0]) (\(row[1])) has no test")
            page += "| \(row[0]) | \(row[1]) | \(row[2]) | \(names.joined(separator: "<br>")) | \(row[3]) |\n"
            if rows.last == row
                || !rows.contains(where: { $0[0].hasPrefix(current + ".") && $0[0] != row[0] && follows($0[0], row[0]) }
                )
            {
                page += "\n"
            }
        }
        let known = Set(rows.map { $0[0] })
        for id in tests.keys { #expect(known.contains(id), "a test stands for row \(id), which does not exist") }
        page = page.trimmingSuffix() + "\n"
        if getenv("CONCERTO_WRITE_CONFORMANCE") != nil { try write(page, to: "docs/conformance.md") }
        #expect(
            try read("docs/conformance.md") == page,
            "docs/conformance.md is stale: CONCERTO_WRITE_CONFORMANCE=1 writes it")
    }

    private func follows(_ one: String, _ other: String) -> Bool {
        (one.split(separator: ".").last.flatMap { Int($0) } ?? 0)
            > (other.split(separator: ".").last.flatMap { Int($0) } ?? 0)
    }

    private static let titles = [
        "1.1": "1.1 Tasks and completion sources", "1.2": "1.2 Combinators", "1.3": "1.3 Unobserved errors",
        "1.4": "1.4 Continuations", "1.5": "1.5 Cancellation", "1.6": "1.6 Contexts", "1.7": "1.7 Semaphore",
        "1.8": "1.8 Channels", "1.9": "1.9 Parallel loops", "1.10": "1.10 Streams, timers, time, value tasks",
    ]

    /// The names of the tests that carry `.row(…)`, by row; read from the sources beside this file.
    private func testsByRow() throws -> [String: [String]] {
        var result: [String: [String]] = [:]
        for folder in ["ConcertoTests", "ConcertoTestingTests"] {
            for file in sources(under: root + "/Tests/" + folder) {
                var pending: [String] = []
                for line in try readFile(file).split(separator: "\n") {
                    if line.contains("@Test(.row(") {
                        pending = line.split(separator: "\"").filter { $0.first?.isNumber == true }.map(String.init)
                    }
                    guard let start = line.range(of: "`"), !pending.isEmpty else { continue }
                    let name = line[start.upperBound...].prefix { $0 != "`" }
                    for id in pending { result[id, default: []].append(String(name).replacingPipes()) }
                    pending = []
                }
            }
        }
        return result
    }

    private var root: String { String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }) }

    private func read(_ path: String) throws -> String { try readFile(root + "/" + path) }

    private func readFile(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Failure(Int(errno)) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(root + "/" + path, "w") else { throw Failure(Int(errno)) }
        defer { fclose(file) }
        fputs(text, file)
    }

    private func sources(under folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var files: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".swift") {
                files.append(folder + "/" + name)
            } else if !name.contains(".") {
                files += sources(under: folder + "/" + name)
            }
        }
        return files.sorted()
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? { self.firstRange(of: text) }
}

extension String {
    fileprivate func trimmingSuffix() -> String {
        var text = self
        while text.last == "\n" { text.removeLast() }
        return text
    }

    fileprivate func replacingPipes() -> String {
        split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
