import Dispatch
import Foundation

/// A program without Concerto whose tasks others look at: two that wait for each other, some that wait for a
/// continuation, and some that are queued on an actor that is kept busy. Says "ready" on its output and waits.
@main
struct PlainProgram {
    actor Counter {
        private var count = 0

        /// Keeps the actor for as long as the process lives.
        func keep(_ begun: DispatchSemaphore) {
            begun.signal()
            while true { usleep(100_000) }
        }

        func add() { count += 1 }
    }

    /// Holds a task that another is to wait for.
    actor Place {
        private var task: Task<Void, Never>?
        func put(_ task: Task<Void, Never>) { self.task = task }
        func take() -> Task<Void, Never>? { task }
    }

    static func main() async {
        let place = Place()
        let (start, startSignal) = AsyncStream.makeStream(of: Void.self)
        let first = Task(name: "first") {
            for await _ in start { break }
            await place.take()?.value
        }
        let second = Task(name: "second") { await first.value }
        await place.put(second)
        startSignal.yield()

        for _ in 0..<7 { Task(name: "waiter") { await waitForEver() } }

        let counter = Counter()
        let begun = DispatchSemaphore(value: 0)
        Task(name: "keeper") { await counter.keep(begun) }
        await isBegun(begun)
        for _ in 0..<5 { Task(name: "adder") { await counter.add() } }
        for _ in 0..<20 { await Task.yield() }
        print("ready")
        fflush(nil)
        await waitForEver()
    }

    @inline(never)
    static func waitForEver() async {
        await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }

    /// Does not block a thread of Swift's executor.
    static func isBegun(_ semaphore: DispatchSemaphore) async {
        await withUnsafeContinuation { continuation in
            DispatchQueue.global().async {
                semaphore.wait()
                continuation.resume()
            }
        }
    }
}
