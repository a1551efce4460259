import Concerto
import ConcertoStreams
import Foundation

/// The examples of docs/streams.md: `swift run StreamExamples <name>`.
@main struct StreamExamples {
    static func main() async throws {
        ThreadPool.installAsDefault()
        switch CommandLine.arguments.dropFirst().first {
        case "big-file":
            try await bigFile(megabytes: CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 1_024)
        case "pages": try await pages()
        case "import": try await importRows()
        case "prices": try await prices()
        default:
            print("usage: swift run StreamExamples big-file [megabytes] | pages | import | prices")
            exit(64)
        }
    }

    /// Topic 40: what is too large to have is read line by line, in the memory of a line and two pieces.
    static func bigFile(megabytes: Int) async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("stream-example-\(getpid()).txt").path
        defer { unlink(path) }
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let handle = FileHandle(forWritingAtPath: path)!
        let block = Data(
            String(repeating: "2026-11-30T08:00:00Z GET /users/42 200 17 ms, served from the cache\n", count: 15_000)
                .utf8)
        for _ in 0..<megabytes { try handle.write(contentsOf: block) }
        try handle.close()

        let before = peakKilobytes()
        let start = ContinuousClock.now
        var lines = 0
        var bytes = 0
        for try await line in try File(path).lines() {
            lines += 1
            bytes += line.utf8.count + 1
        }
        let time = ContinuousClock.now - start
        let grown = peakKilobytes() - before
        print("\(lines) lines, \(bytes) bytes in \(time); peak memory grew by \(grown) kB")
        guard lines == megabytes * 15_000, grown < 16 << 10 else { exit(1) }
    }

    private static func peakKilobytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss
    }

    /// Topic 42: pages of an API as one stream. Nothing is fetched before the loop asks, and no page after it has enough.
    static func pages() async throws {
        let api = Pages()
        let items = AsyncGenerator<Int> { yield in
            var next: Int? = 1
            while let number = next {
                let page = await api.page(number)
                for item in page.items { try await yield(item) }
                next = page.next
            }
        }
        var seen: [Int] = []
        for try await item in items.filter({ $0.isMultiple(of: 3) }) {
            seen.append(item)
            if seen.count == 5 { break }
        }
        print("\(seen) after \(await api.fetched) pages")
        guard seen == [3, 6, 9, 12, 15], await api.fetched == 2 else { exit(1) }
    }

    /// An API that gives ten items a page, a hundred pages long.
    private actor Pages {
        private(set) var fetched = 0

        func page(_ number: Int) -> (items: [Int], next: Int?) {
            fetched += 1
            return (Array((number * 10 - 9)...(number * 10)), number < 100 ? number + 1 : nil)
        }
    }

    /// Topic 41: rows go through in arrays, so that a slow database sets the pace and nothing piles up.
    static func importRows() async throws {
        let text = (1...1_000).map { "\($0),\"name \($0)\"\r\n" }.joined()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("stream-example-\(getpid()).csv").path
        defer { unlink(path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let database = Rows()
        let batches = try File(path).chunks().csv(CSVDialect(columns: 2)).chunks(of: 64, within: .milliseconds(100))
        for try await rows in try batches.concurrentMap(limit: 4, { try await database.insert($0) }) { _ = rows }
        print("\(await database.count) rows in \(await database.inserts) inserts")
        guard await database.count == 1_000, await database.inserts == 16 else { exit(1) }
    }

    private actor Rows {
        private(set) var count = 0
        private(set) var inserts = 0

        func insert(_ rows: [[String]]) throws -> Int {
            count += rows.count
            inserts += 1
            return rows.count
        }
    }

    /// Topic 42: one source, several readers, each at its own pace.
    static func prices() async throws {
        let source = AsyncGenerator<Int> { yield in for price in 1...50 { try await yield(price) } }
        let readers = try source.broadcast(to: 2)
        async let sum = readers[0].reduce(0, +)
        async let chart = readers[1].chunks(of: 10).count()
        let (total, bars) = try await (sum, chart)
        print("sum \(total), \(bars) bars")
        guard total == 1_275, bars == 5 else { exit(1) }
    }
}
