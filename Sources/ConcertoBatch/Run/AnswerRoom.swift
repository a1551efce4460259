#if Batch
import Concerto
import Synchronization

/// Room in memory for the answers of calls under way.
///
/// How long an answer will be, nobody knows before it is there. So each call takes what the longest of the answers before
/// it took; the memory of that fades, so that one long answer does not slow a file of short ones for long. Answers that
/// become longer all at once may go beyond the room, by no more than the calls that are under way then.
final class AnswerRoom: Sendable {
    /// Bytes that are given out together.
    private static let block = 4 << 10
    /// An answer's body stands in memory as what came, in a buffer that has grown by doubling, and as the result's line.
    private static let copies = 3

    private let blocks: Int
    private let semaphore: AsyncSemaphore
    /// Bytes of a long answer of late.
    private let expected = Atomic(0)

    /// - Parameter bytes: How much room there is.
    init(bytes: Int) {
        blocks = max(1, bytes / Self.block)
        semaphore = AsyncSemaphore(permits: blocks)
    }

    /// Waits until there is room for one more answer.
    ///
    /// - Returns: What is to be given back with ``leave(_:)``.
    func enter() async throws -> Int {
        let share = share(of: expected.load(ordering: .relaxed))
        if !semaphore.tryAcquire(share) { try await semaphore.acquire(share) }
        return share
    }

    /// The same without a wait: `nil` if there is no room now.
    func tryEnter() -> Int? {
        let share = share(of: expected.load(ordering: .relaxed))
        return semaphore.tryAcquire(share) ? share : nil
    }

    /// An answer of `bytes` has come.
    ///
    /// - Parameter share: What was taken for it.
    /// - Returns: What is to be given back now: more, if it is longer than expected and there is room.
    func answered(_ bytes: Int, share: Int) -> Int {
        let before = expected.load(ordering: .relaxed)
        // Two at a time may overwrite each other: it is an estimate.
        let now = max(bytes, before - before / 16 - 1)
        if now != before { expected.store(now, ordering: .relaxed) }
        let missing = self.share(of: bytes) - share
        guard missing > 0, semaphore.tryAcquire(missing) else { return share }
        return share + missing
    }

    /// Waits until there is room for so many bytes, known beforehand; all of it for more than there is.
    func enter(bytes: Int) async throws -> Int {
        let share = share(of: bytes)
        try await semaphore.acquire(share)
        return share
    }

    /// The same without a wait: `nil` if there is no room now.
    func tryEnter(bytes: Int) -> Int? {
        let share = share(of: bytes)
        return semaphore.tryAcquire(share) ? share : nil
    }

    /// What is held by `share` has grown to `bytes`. Never waits: beyond the room it goes once, as answers do.
    ///
    /// - Returns: What is to be given back now.
    func grown(to bytes: Int, share: Int) -> Int {
        guard self.share(of: bytes) > share else { return share }
        return answered(max(bytes, expected.load(ordering: .relaxed)), share: share)
    }

    /// The answer is held no more.
    func leave(_ share: Int) {
        // No more is given back than was taken, so that it fits.
        if share > 0 { _ = try? semaphore.release(share) }
    }

    private func share(of bytes: Int) -> Int { min(blocks, max(1, bytes * Self.copies / Self.block)) }
}
#endif
