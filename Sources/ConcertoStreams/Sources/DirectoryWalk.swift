public import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a directory holds.
public struct DirectoryEntry: Sendable, Hashable {
    /// What an entry is.
    public enum Kind: Sendable, Hashable {
        case file
        case directory
        case symbolicLink
        /// A FIFO, a socket, a device.
        case other
    }

    /// The path, as the system has it: names need not be UTF-8.
    public let pathBytes: [UInt8]
    /// What it is.
    public let kind: Kind
    /// How many directories stand between it and the start; 0 for what stands in the start itself.
    public let depth: Int
    /// Set for a directory that could not be read: it comes a second time then, and the walk goes on.
    public let error: FileError?

    /// The path as text; what is no UTF-8 is repaired, and then does not name the file any more.
    public var path: String { String(decoding: pathBytes, as: UTF8.self) }
}

/// Everything below a directory, depth first: a directory comes before what it holds.
///
/// ```swift
/// for try await entry in DirectoryWalk("/var/log") where entry.kind == .file { … }
/// ```
///
/// What vanishes while it is walked is skipped. A directory that cannot be read comes again with its error, and the walk goes
/// on. Links are not followed unless asked, and then no directory is entered twice on one way down, so loops end.
///
/// - Cancellation: ends the walk between two entries.
/// - Where it runs: on the caller's thread, declared as blocking.
/// - Ordering: within a directory as the system gives them.
/// - Allocates: an open directory for each level.
public struct DirectoryWalk: AsyncSequence, Sendable {
    /// An entry.
    public typealias Element = DirectoryEntry
    /// ``FileError`` if the start cannot be read, or `CancellationError`.
    public typealias Failure = any Error

    let path: String
    let followsLinks: Bool
    let maximumDepth: Int

    /// Names where to start; nothing is opened.
    ///
    /// - Parameters:
    ///   - path: The directory to walk.
    ///   - followsLinks: Whether links to directories are entered.
    ///   - maximumDepth: How many levels are walked.
    /// - Throws: `ArgumentError` if `maximumDepth` is below 1.
    public init(_ path: String, followsLinks: Bool = false, maximumDepth: Int = 200) throws(ArgumentError) {
        guard maximumDepth >= 1 else { throw ArgumentError("maximumDepth", maximumDepth, "it must be at least 1") }
        self.path = path
        self.followsLinks = followsLinks
        self.maximumDepth = maximumDepth
    }

    /// Opens the directory with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields the entries.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private struct Identity: Hashable {
            let device: UInt64
            let number: UInt64
        }

        private struct Level {
            let directory: OpaquePointer
            let path: [UInt8]
            let identity: Identity
        }

        private let walk: DirectoryWalk
        private var levels: [Level] = []
        private var isStarted = false
        /// The directory that came last, to be entered next.
        private var toEnter: DirectoryEntry?

        /// How many entries vanished between their name and a look at them.
        public private(set) var vanished = 0

        init(_ walk: DirectoryWalk) { self.walk = walk }

        deinit { for level in levels { closedir(level.directory) } }

        /// The next entry.
        public func next() async throws -> DirectoryEntry? { try await next(isolation: nil) }

        /// The next entry.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> DirectoryEntry? {
            if isCurrentTaskCancelled() {
                end()
                throw CancellationError()
            }
            return try withBlocking { try step() }
        }

        private func end() {
            for level in levels { closedir(level.directory) }
            levels = []
            toEnter = nil
            isStarted = true
        }

        private func step() throws -> DirectoryEntry? {
            if !isStarted {
                isStarted = true
                if let code = enter(Array(walk.path.utf8)) {
                    throw FileError(path: walk.path, operation: "open", code: code)
                }
            }
            if let directory = toEnter.take(), levels.count < walk.maximumDepth, let code = enter(directory.pathBytes) {
                if code == ENOENT {
                    vanished += 1
                } else {
                    return DirectoryEntry(
                        pathBytes: directory.pathBytes, kind: .directory, depth: directory.depth,
                        error: FileError(path: directory.path, operation: "open", code: code))
                }
            }
            while let level = levels.last {
                guard let raw = readdir(level.directory) else {
                    closedir(level.directory)
                    levels.removeLast()
                    continue
                }
                let name = withUnsafePointer(to: &raw.pointee.d_name) {
                    $0.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                        [UInt8](UnsafeBufferPointer(start: bytes, count: strlen(bytes)))
                    }
                }
                if name == [0x2E] || name == [0x2E, 0x2E] { continue }
                let path = level.path + (level.path.last == 0x2F ? [] : [0x2F]) + name
                guard let kind = kind(of: path) else {
                    vanished += 1
                    continue
                }
                let entry = DirectoryEntry(pathBytes: path, kind: kind, depth: levels.count - 1, error: nil)
                if kind == .directory || kind == .symbolicLink && walk.followsLinks { toEnter = entry }
                return entry
            }
            return nil
        }

        /// Asks the file itself, as not every file system says it with the name.
        private func kind(of path: [UInt8]) -> DirectoryEntry.Kind? {
            var status = stat()
            guard withPath(path, { lstat($0, &status) }) == 0 else { return nil }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file
            case S_IFDIR: return .directory
            case S_IFLNK: return .symbolicLink
            default: return .other
            }
        }

        /// - Returns: The error's number; `nil` too for a link that leads to no directory, or back up.
        private func enter(_ path: [UInt8]) -> Int32? {
            guard let directory = withPath(path, { opendir($0) }) else {
                let code = errno
                return code == ENOTDIR && !levels.isEmpty ? nil : code
            }
            var status = stat()
            let identity =
                fstat(dirfd(directory), &status) == 0
                ? Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
                : Identity(device: 0, number: 0)
            if levels.contains(where: { $0.identity == identity }) {
                closedir(directory)
                return nil
            }
            levels.append(Level(directory: directory, path: path, identity: identity))
            return nil
        }

        private func withPath<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
            (path + [0]).withUnsafeBytes { body($0.baseAddress!.assumingMemoryBound(to: CChar.self)) }
        }
    }
}

@available(*, unavailable)
extension DirectoryWalk.AsyncIterator: Sendable {}
