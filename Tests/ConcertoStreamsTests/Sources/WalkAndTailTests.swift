import Concerto
import ConcertoStreams
import ConcertoTesting
import Foundation
import TestSupport
import Testing

@Suite struct WalkAndTailTests {
    /// A folder that goes with the test.
    private final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func folder(_ name: String) throws {
            try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
        }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        }

        func append(_ name: String, _ text: String) throws {
            let handle = FileHandle(forWritingAtPath: path + "/" + name)!
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }
    }

    private func names(_ walk: DirectoryWalk, in folder: Folder) async throws -> Set<String> {
        var seen: Set<String> = []
        for try await entry in walk {
            #expect(entry.error == nil)
            let name = String(entry.path.dropFirst(folder.path.count + 1))
            #expect(seen.insert(name).inserted, "\(name) came twice")
        }
        return seen
    }

    @Test func `a walk brings everything once, a directory before what it holds, and does not follow links`()
        async throws
    {
        let folder = try Folder()
        try folder.folder("a/b")
        try folder.write("a/b/file", "x")
        try folder.write("top", "x")
        symlink(folder.path, folder.path + "/a/loop")
        #expect(
            try await names(try DirectoryWalk(folder.path), in: folder) == ["a", "a/b", "a/b/file", "a/loop", "top"])
        var places: [String: Int] = [:]
        for try await entry in try DirectoryWalk(folder.path) { places[entry.path] = places.count }
        #expect(places[folder.path + "/a/b"]! < places[folder.path + "/a/b/file"]!)
        #expect(try await names(try DirectoryWalk(folder.path, maximumDepth: 1), in: folder) == ["a", "top"])
    }

    @Test func `a walk that follows links ends where one leads back up`() async throws {
        let folder = try Folder()
        try folder.folder("a")
        try folder.write("a/file", "x")
        symlink(folder.path, folder.path + "/a/loop")
        symlink(folder.path + "/nowhere", folder.path + "/dangling")
        let seen = try await names(try DirectoryWalk(folder.path, followsLinks: true), in: folder)
        #expect(seen == ["a", "a/file", "a/loop", "dangling"])
    }

    @Test func `names that are no UTF-8 come as the system has them`() async throws {
        let folder = try Folder()
        let bytes = Array(folder.path.utf8) + [0x2F, 0x61, 0xFF, 0x62]
        let descriptor = (bytes + [0]).withUnsafeBytes {
            open($0.baseAddress!.assumingMemoryBound(to: CChar.self), O_CREAT | O_WRONLY, 0o600)
        }
        close(descriptor)
        let entries = try await DirectoryWalk(folder.path).toArray(limit: 9)
        #expect(entries.map(\.pathBytes) == [bytes])
        #expect(entries.first?.kind == .file)
    }

    @Test func `a start that is not there fails at the first next, and numbers that cannot be at the call`()
        async throws
    {
        await #expect(throws: FileError(path: "/nowhere/at/all", operation: "open", code: ENOENT)) {
            try await DirectoryWalk("/nowhere/at/all").count()
        }
        #expect(throws: ArgumentError.self) { try DirectoryWalk("/", maximumDepth: 0) }
        #expect(throws: ArgumentError.self) { try File("/").tail(every: .zero) }
        #expect(throws: ArgumentError.self) { try File("/").tail(from: .last(-1)) }
        #expect(throws: ArgumentError.self) { try File("/").tail(limit: 0) }
    }

    @Test func `a tail holds half a line back, and follows truncation and rotation`() async throws {
        let folder = try Folder()
        try folder.write("log", "one\ntwo\nthr")
        let clock = ManualClock()
        let tail = try File(folder.path + "/log").tail(from: .beginning, every: .seconds(1), clock: clock)
        let seen = Shared<[String]>([])
        let task = Task { for try await line in tail { seen.change { $0.append(line) } } }
        func look() async {
            await clock.sleepers()
            clock.advance(by: .seconds(1))
            await clock.sleepers()
        }
        await clock.sleepers()
        #expect(seen.value == ["one", "two"])
        try folder.append("log", "ee\n")
        await look()
        #expect(seen.value == ["one", "two", "three"])
        // Truncated: it begins anew.
        try folder.write("new", "")
        let handle = FileHandle(forWritingAtPath: folder.path + "/log")!
        try handle.truncate(atOffset: 0)
        try handle.write(contentsOf: Data("four\n".utf8))
        try handle.close()
        await look()
        #expect(seen.value.last == "four")
        // Renamed away with half a line, and the name is another file's.
        try folder.append("log", "last half")
        try FileManager.default.moveItem(atPath: folder.path + "/log", toPath: folder.path + "/log.1")
        try folder.write("log", "five\n")
        await look()
        #expect(seen.value.suffix(2) == ["last half", "five"])
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [
        (TailStart.last(2), ["c", "d"]), (.last(0), []), (.last(9), ["a", "b", "c", "d"]), (.end, []),
        (.beginning, ["a", "b", "c", "d"]),
    ])
    func `a tail begins where it was told`(start: TailStart, lines: [String]) async throws {
        let folder = try Folder()
        try folder.write("log", "a\nb\nc\nd\n")
        let clock = ManualClock()
        let tail = try File(folder.path + "/log").tail(from: start, every: .seconds(1), clock: clock)
        let seen = Shared<[String]>([])
        let task = Task { for try await line in tail { seen.change { $0.append(line) } } }
        await clock.sleepers()
        #expect(seen.value == lines)
        task.cancel()
        _ = await task.result
    }

    @Test func `44: an instrumented stream counts elements, failures and times`() {
        let marbles = Marbles()
        let statistics = StreamStatistics(name: "a")
        let stream = marbles.hot("a@10 b@20 #@50").instrumented(by: statistics, clock: marbles.clock)
        #expect(marbles.run(stream, busy: 5) == "a@10 b@20 #@50")
        let snapshot = statistics.snapshot
        #expect((snapshot.elements, snapshot.failures, snapshot.iterations) == (2, 1, 1))
        #expect(snapshot.busyNanoseconds == 10_000_000)
        #expect(snapshot.waitingNanoseconds == 15_000_000)
    }
}
