#if os(Linux)
import Concerto
import ConcertoStreams
import Foundation
import TestSupport
import Testing

@Suite(.oneAtATime) struct SignalTests {
    /// Whether `number` has a handler of ours now.
    private func isTaken(_ number: CInt) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        // `SIG_DFL` is 0 and `SIG_IGN` is 1.
        return action.__sigaction_handler.sa_handler.map { UInt(bitPattern: unsafeBitCast($0, to: Int.self)) > 1 }
            ?? false
    }

    @Test func `signals are taken while a loop wants them, and two that come one after the other are two`() async throws
    {
        #expect(!isTaken(SIGUSR1))
        var iterator: Signals.AsyncIterator? = try Signals(SIGUSR1, SIGUSR2).makeAsyncIterator()
        #expect(isTaken(SIGUSR1) && isTaken(SIGUSR2))
        kill(getpid(), SIGUSR1)
        #expect(try await iterator?.next() == SIGUSR1)
        kill(getpid(), SIGUSR1)
        #expect(try await iterator?.next() == SIGUSR1)
        kill(getpid(), SIGUSR2)
        #expect(try await iterator?.next() == SIGUSR2)
        iterator = nil
        #expect(!isTaken(SIGUSR1) && !isTaken(SIGUSR2))
    }

    @Test func `a signal that comes before the loop asks is kept for it`() async throws {
        let iterator = try Signals(SIGUSR1).makeAsyncIterator()
        kill(getpid(), SIGUSR1)
        #expect(try await iterator.next() == SIGUSR1)
    }

    @Test func `every loop gets every signal, and the handler stays until the last has left`() async throws {
        let signals = try Signals(SIGUSR1)
        var first: Signals.AsyncIterator? = signals.makeAsyncIterator()
        var second: Signals.AsyncIterator? = signals.makeAsyncIterator()
        kill(getpid(), SIGUSR1)
        #expect(try await first?.next() == SIGUSR1)
        #expect(try await second?.next() == SIGUSR1)
        first = nil
        #expect(isTaken(SIGUSR1))
        second = nil
        #expect(!isTaken(SIGUSR1))
    }

    @Test func `the handler of before is put back`() async throws {
        signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, SIG_DFL) }
        var iterator: Signals.AsyncIterator? = try Signals(SIGUSR2).makeAsyncIterator()
        #expect(isTaken(SIGUSR2) && iterator != nil)
        iterator = nil
        var action = sigaction()
        sigaction(SIGUSR2, nil, &action)
        #expect(unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1)
    }

    @Test func `cancellation ends the wait, and gives the signals back`() async throws {
        let signals = try Signals(SIGUSR1)
        let task = Task { for try await _ in signals {} }
        await until { isTaken(SIGUSR1) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!isTaken(SIGUSR1))
    }

    @Test(arguments: [0, -1, 65, 32, SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGCHLD])
    func `signals that nobody can take are refused`(number: CInt) {
        #expect(throws: ArgumentError.self) { try Signals(number) }
    }
}
#endif
