#if os(Linux)
import Concerto
@testable import ConcertoStreams
import Foundation
import TestSupport
import Testing

@Suite(.oneAtATime) struct DirectoryWatchTests {
    /// A folder that goes with the test, and its watch, which has begun.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        let core: InotifyCore

        init(isRecursive: Bool = true, _ prepare: (String) throws -> Void = { _ in }) throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try prepare(path)
            core = try InotifyCore(path, isRecursive)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func at(_ name: String) -> String { "\(path)/\(name)" }

        func make(_ name: String) throws {
            try FileManager.default.createDirectory(atPath: at(name), withIntermediateDirectories: true)
        }

        /// What has changed up to now; the kernel has it ready when the call that changed it has returned.
        func changes() throws -> [DirectoryChange] {
            var changes: [DirectoryChange] = []
            while try core.read() { while let change = core.takeNext() { changes.append(change) } }
            core.flush()
            while let change = core.takeNext() { changes.append(change) }
            return changes.filter { if case .attributes = $0 { false } else { true } }
        }
    }

    /// Makes, writes and closes a file, and nothing else: Foundation's own way differs from version to version.
    private func write(_ path: String) {
        let file = fopen(path, "w")!
        fputs("x", file)
        fclose(file)
    }

    @Test func `what is made, written and removed is told`() throws {
        let folder = try Folder()
        write(folder.at("a"))
        unlink(folder.at("a"))
        #expect(
            try folder.changes() == [.created(folder.at("a")), .written(folder.at("a")), .removed(folder.at("a"))])
    }

    @Test func `a file that is saved by a rename is told under its own name, again and again`() throws {
        let folder = try Folder { write($0 + "/config") }
        for _ in 0..<2 {
            write(folder.at("config.tmp"))
            rename(folder.at("config.tmp"), folder.at("config"))
            #expect(
                try folder.changes().last == .moved(from: folder.at("config.tmp"), to: folder.at("config")))
        }
    }

    @Test func `what comes into a new directory before it is watched is told once`() throws {
        let folder = try Folder()
        // All of it is there before the first event is read.
        try folder.make("new/deep")
        write(folder.at("new/deep/file"))
        let changes = try folder.changes()
        let created = changes.filter { if case .created = $0 { true } else { false } }
        #expect(created == ["new", "new/deep", "new/deep/file"].map { .created(folder.at($0)) })
        // And from now on its own events.
        write(folder.at("new/deep/file"))
        write(folder.at("new/deep/other"))
        #expect(
            try folder.changes() == [
                .written(folder.at("new/deep/file")), .created(folder.at("new/deep/other")),
                .written(folder.at("new/deep/other")),
            ])
        unlink(folder.at("new/deep/file"))
        write(folder.at("new/deep/file"))
        let file = folder.at("new/deep/file")
        #expect(try folder.changes().prefix(2) == [.removed(file), .created(file)])
    }

    @Test func `a directory that is there already is watched, unless only its parent is to be`() throws {
        let folder = try Folder {
            try FileManager.default.createDirectory(atPath: $0 + "/a", withIntermediateDirectories: false)
        }
        write(folder.at("a/file"))
        #expect(try folder.changes() == [.created(folder.at("a/file")), .written(folder.at("a/file"))])
        let flat = try Folder(isRecursive: false) {
            try FileManager.default.createDirectory(atPath: $0 + "/a", withIntermediateDirectories: false)
        }
        write(flat.at("a/file"))
        #expect(try flat.changes() == [])
    }

    @Test func `half a move is a removal or a creation, and a directory that moved has its new path`() throws {
        let folder = try Folder()
        let outside = try Folder()
        try folder.make("d")
        write(folder.at("d/file"))
        _ = try folder.changes()
        rename(folder.at("d/file"), outside.at("file"))
        #expect(try folder.changes() == [.removed(folder.at("d/file"))])
        #expect(try outside.changes() == [.created(outside.at("file"))])
        rename(folder.at("d"), folder.at("e"))
        write(folder.at("e/new"))
        #expect(
            try folder.changes() == [
                .moved(from: folder.at("d"), to: folder.at("e")), .created(folder.at("e/new")),
                .written(folder.at("e/new")),
            ])
        // Moved out, it is watched no more.
        rename(folder.at("e"), outside.at("e"))
        #expect(try folder.changes() == [.removed(folder.at("e"))])
        write(outside.at("e/x"))
        #expect(try folder.changes() == [])
    }

    @Test func `more than the kernel remembers is told as a rescan, never as silence`() throws {
        let text = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let limit = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        let folder = try Folder()
        // Neighbours that are the same are one: two that take turns are not.
        for _ in 0...(limit / 4) {
            write(folder.at("a"))
            write(folder.at("b"))
            unlink(folder.at("a"))
            unlink(folder.at("b"))
        }
        #expect(try folder.changes().last == .rescan)
        write(folder.at("c"))
        #expect(try folder.changes() == [.created(folder.at("c")), .written(folder.at("c"))])
    }

    @Test func `a limit of the kernel is named, and other failures are what they are`() {
        let error = InotifyCore.failure("/x", ENOSPC, "max_user_watches")
        #expect(error as? WatchLimitError == WatchLimitError(path: "/x", limit: "fs.inotify.max_user_watches"))
        #expect("\(error)".contains("sysctl fs.inotify.max_user_watches="))
        #expect(InotifyCore.failure("/x", EMFILE, "max_user_instances") is WatchLimitError)
        #expect(InotifyCore.failure("/x", EACCES, "max_user_watches") is FileError)
    }

    @Test func `the stream waits, ends with its directory, and leaves no descriptor when it is left`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        await #expect(throws: FileError(path: path, operation: "watch", code: ENOENT)) {
            try await DirectoryWatch(path).count()
        }
        func descriptors() -> Int {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            let kinds = names.map { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)") }
            return kinds.count { $0 == "anon_inode:inotify" }
        }
        let before = descriptors()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let seen = Shared<[DirectoryChange]>([])
        let task = Task { for try await change in DirectoryWatch(path) { seen.change { $0.append(change) } } }
        await until { descriptors() > before }
        write(path + "/a")
        await until { seen.value.count == 2 }
        #expect(seen.value == [.created(path + "/a"), .written(path + "/a")])
        unlink(path + "/a")
        rmdir(path)
        try await task.value
        #expect(seen.value.last == .removed(path + "/a"))
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { rmdir(path) }
        let cancelled = Task { for try await _ in DirectoryWatch(path) {} }
        await until { descriptors() > before }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        await until { descriptors() == before }
    }
}
#endif
