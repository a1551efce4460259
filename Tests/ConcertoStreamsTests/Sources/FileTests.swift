import Concerto
import ConcertoStreams
import ConcertoTesting
import Foundation
import TestSupport
import Testing

private struct Broken: Error {}

@Suite struct FileTests {
    /// A folder that goes with the test.
    private final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws -> File {
            let file = path + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            return File(file)
        }
    }

    private func openDescriptors(of path: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
        }.count
    }

    @Test func `chunks and lines of a file, by two iterations that do not disturb each other`() async throws {
        let folder = try Folder()
        let text = (0..<20_000).map { "line \($0)" }.joined(separator: "\n")
        let file = try folder.write("a", text)
        let size = try await file.chunks(of: 1_000).toArray(limit: 1_000_000).reduce(0) { $0 + $1.count }
        #expect(size == text.utf8.count)
        var one = try file.lines().makeAsyncIterator()
        var other = try file.lines().makeAsyncIterator()
        for number in 0..<20_000 {
            #expect(try await one.next() == "line \(number)")
            #expect(try await other.next() == "line \(number)")
        }
        #expect(try await one.next() == nil)
        #expect(try await file.byteLines().count() == 20_000)
        #expect(throws: ArgumentError.self) { try file.chunks(of: 0) }
        #expect(throws: ArgumentError.self) { try file.lines(limit: 0) }
    }

    @Test func `a loop that is left closes the file, one that fails too`() async throws {
        let folder = try Folder()
        let file = try folder.write("a", String(repeating: "x\n", count: 100_000))
        for try await _ in try file.lines() {
            #expect(openDescriptors(of: file.path) == 1)
            break
        }
        #expect(openDescriptors(of: file.path) == 0)
        do { for try await _ in try file.chunks() { throw Broken() } } catch {}
        #expect(openDescriptors(of: file.path) == 0)
    }

    @Test func `a file that is not there, and a directory, fail at the first next with path and errno`() async throws {
        let folder = try Folder()
        let missing = File(folder.path + "/missing")
        await #expect(throws: FileError(path: missing.path, operation: "open", code: ENOENT)) {
            try await missing.lines().count()
        }
        await #expect(throws: FileError(path: folder.path, operation: "read", code: EISDIR)) {
            try await File(folder.path).chunks().count()
        }
    }

    #if os(Linux)
    @Test func `B11: all bytes of /proc, where the size is 0 and reads are short`() async throws {
        let path = "/proc/kallsyms"
        guard let whole = FileManager.default.contents(atPath: path), !whole.isEmpty else { return }
        let size = try await File(path).chunks().toArray(limit: 1_000_000).reduce(0) { $0 + $1.count }
        #expect(size > 4_096)
        let lines = try await File("/proc/self/status").lines().toArray(limit: 1_000)
        #expect(lines.first?.hasPrefix("Name:") == true)
    }

    @Test func `B11: a FIFO that is written in three steps comes whole, and a wait for it can be cancelled`()
        async throws
    {
        let folder = try Folder()
        let path = folder.path + "/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        // Open for writing too, so that the reader finds a writer.
        let writer = open(path, O_RDWR)
        defer { close(writer) }
        let seen = Shared<[String]>([])
        let reading = Task {
            for try await line in try File(path).lines() {
                seen.change { $0.append(line) }
                if line == "three" { break }
            }
        }
        for step in ["one\ntw", "o\n", "three\n"] {
            let before = seen.value.count
            _ = step.withCString { write(writer, $0, strlen($0)) }
            if step.contains("\n") { await until { seen.value.count > before } }
        }
        try await reading.value
        #expect(seen.value == ["one", "two", "three"])
        let waiting = Task { try await File(path).lines().count() }
        for _ in 0..<100 { await Task.yield() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(openDescriptors(of: path) == 1)
    }
    #endif

    @Test func `D9: a busy loop gets one tick for those it missed, and then the rhythm`() throws {
        let marbles = Marbles()
        let stream = try ticks(every: .ticks(20), clock: marbles.clock).map { _ in "t" }
        let observer = marbles.observe(stream.taking(until: marbles.hot("x@130")), busy: 50)
        marbles.play(until: 200)
        #expect(observer.diagram.moments.map(\.tick).prefix(3) == [20, 70, 120])
        observer.cancel()
        marbles.play(until: 300)
        #expect(throws: ArgumentError.self) { try ticks(every: .zero) }
    }

    @Test func `a callback is registered with the first next, taken back when the loop is left, and drops are counted`()
        async throws
    {
        let log = Log()
        let pushes = Shared<[CallbackStream<Int>.Push]>([])
        let stream = try CallbackStream<Int>(capacity: 2, whenFull: .dropOldest) { push in
            log.add("register")
            pushes.change { $0.append(push) }
            for number in 1...5 { push(number) }
            return { log.add("take back") }
        }
        do {
            let iterator = stream.makeAsyncIterator()
            #expect(log.entries.isEmpty)
            #expect(try await iterator.next() == 4)
            #expect(iterator.dropped == 3)
            #expect(try await iterator.next() == 5)
        }
        #expect(log.entries == ["register", "take back"])
        #expect(pushes.value[0](6) == false)
        let ending = try CallbackStream<Int>(capacity: 2, whenFull: .fail) { push in
            for number in 1...3 { push(number) }
            return nil
        }
        let iterator = ending.makeAsyncIterator()
        #expect(try await iterator.next() == 1)
        #expect(try await iterator.next() == 2)
        await #expect(throws: BufferOverflowError(capacity: 2)) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
        #expect(throws: ArgumentError.self) { try CallbackStream<Int>(capacity: 2, whenFull: .wait) { _ in nil } }
    }
}
