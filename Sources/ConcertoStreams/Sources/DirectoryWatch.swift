#if os(Linux)
import Concerto
import ConcertoRuntime

/// What changes in a directory, and below it, from now on.
///
/// ```swift
/// for try await change in DirectoryWatch("/etc/service") {
///     if change == .created("/etc/service/config.json") { reload() }        // also where it was saved by a rename
/// }
/// ```
///
/// Watch a directory, not a file: programs save a file under another name and rename it, and a watch of the file would go with
/// the old one. Directories that come are watched too; what was put in them before they were is told as created, once. When
/// so much happens that the kernel forgets some of it, there comes ``DirectoryChange/rescan``. The stream ends when the
/// directory itself is removed or moved away.
///
/// - Cancellation: ends the wait and the watch; so does leaving the loop.
/// - Where it runs: on the caller's executor; waits without a thread, the look into new directories is declared as blocking.
/// - Ordering: as the kernel tells it.
/// - Allocates: the path of every directory. What the loop has not asked for yet waits in the kernel, which has a limit for it
///   (`fs.inotify.max_queued_events`).
public struct DirectoryWatch: AsyncSequence, Sendable {
    /// A change.
    public typealias Element = DirectoryChange
    /// ``FileError``, ``WatchLimitError`` or `CancellationError`.
    public typealias Failure = any Error

    let path: String
    let isRecursive: Bool

    /// Names a directory; nothing is watched before the first `next`.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - isRecursive: Whether the directories in it are watched, too.
    public init(_ path: String, isRecursive: Bool = true) {
        self.path = path
        self.isRecursive = isRecursive
    }

    /// Begins to watch with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields the changes.
    public final class AsyncIterator: AsyncIteratorProtocol {
        private let watch: DirectoryWatch
        private var core: InotifyCore?
        private var isThrough = false

        init(_ watch: DirectoryWatch) { self.watch = watch }

        /// The next change.
        public func next() async throws -> DirectoryChange? { try await next(isolation: nil) }

        /// The next change.
        public func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> DirectoryChange? {
            if isThrough { return nil }
            do {
                if isCurrentTaskCancelled() { throw CancellationError() }
                let core = try self.core ?? withBlocking { try InotifyCore(watch.path, watch.isRecursive) }
                self.core = core
                while true {
                    if let change = core.takeNext() { return change }
                    if core.isOver { break }
                    // Only what may still come can be the other half of a move.
                    if try withBlocking({ try core.read() }) { continue }
                    core.flush()
                    if let change = core.takeNext() { return change }
                    try await FileDescriptorReadiness.wait(for: core.descriptor)
                }
            } catch {
                end()
                throw error
            }
            end()
            return nil
        }

        private func end() {
            isThrough = true
            core = nil
        }
    }
}

@available(*, unavailable)
extension DirectoryWatch.AsyncIterator: Sendable {}
#endif
