#if Batch
import Concerto
import TestSupport
import Testing

@testable import ConcertoBatch

/// T20: 64 answers of 10 MB took 1.8 GB.
@Suite(.oneAtATime)
struct AnswerRoomTests {
    @Test func `calls wait once answers have turned out to be long`() async throws {
        let room = AnswerRoom(bytes: 100_000_000)
        // Nothing is known: everybody goes.
        for _ in 0..<64 { #expect(try await room.enter() == 1) }
        var share = room.answered(10_000_000, share: 1)
        #expect(share == 10_000_000 * 3 / 4096)
        for _ in 0..<63 { room.leave(1) }
        // 30 MB each: three at a time.
        let second = try await room.enter()
        let third = try await room.enter()
        #expect(second == share && third == share)
        let entered = Flag()
        let fourth = Task {
            let share = try await room.enter()
            entered.set()
            return share
        }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(!entered.isSet)
        room.leave(share)
        share = try await fourth.value
        for share in [second, third, share] { room.leave(share) }
    }

    @Test func `short answers are not held up for long by a long one`() async throws {
        let room = AnswerRoom(bytes: 100_000_000)
        room.leave(room.answered(10_000_000, share: try await room.enter()))
        var calls = 0
        while true {
            let share = try await room.enter()
            room.leave(room.answered(100, share: share))
            if share == 1 { break }
            calls += 1
        }
        #expect((60...200).contains(calls), "\(calls)")
    }

    @Test func `an answer longer than the room is let in alone`() async throws {
        let room = AnswerRoom(bytes: 1_000_000)
        room.leave(room.answered(1 << 30, share: try await room.enter()))
        let share = try await room.enter()
        #expect(share == 1_000_000 / 4096)
        room.leave(room.answered(1 << 30, share: share))
        #expect(try await room.enter() == share, "nothing was lost")
    }

    @Test func `who gives up takes nothing`() async throws {
        let room = AnswerRoom(bytes: 4096)
        let share = try await room.enter()
        let waiter = Task { try await room.enter() }
        for _ in 0..<100 { await Task.yield() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        room.leave(share)
        #expect(try await room.enter() == 1)
    }
}
#endif
