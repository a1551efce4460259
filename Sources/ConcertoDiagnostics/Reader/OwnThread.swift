#if os(Linux)
import CConcerto
import Synchronization

/// Runs what a dump does on a thread of its own: with a stack that is large enough, whatever the caller's thread is.
enum OwnThread {
    private final class Work: @unchecked Sendable {
        // Sendable: `body` is called by the new thread while the old one waits for `isDone`.
        var body: (() -> Void)?
        private let isDone = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)

        init(_ body: @escaping () -> Void) {
            self.body = body
            isDone.initialize(to: Atomic(0))
        }

        deinit {
            isDone.deinitialize(count: 1)
            isDone.deallocate()
        }

        private var word: UnsafeMutablePointer<UInt32> {
            UnsafeMutableRawPointer(isDone).assumingMemoryBound(to: UInt32.self)
        }

        func run() {
            body?()
            body = nil
            isDone.pointee.store(1, ordering: .releasing)
            concerto_futex_wake(word, 1)
        }

        func wait() {
            while isDone.pointee.load(ordering: .acquiring) == 0 { _ = concerto_futex_wait(word, 0, .max) }
        }
    }

    private final class Box<Value> {
        var value: Value?
    }

    /// What `body` returns, which runs while the caller waits; on the caller's thread if the system refuses another.
    static func run<Result>(_ body: @escaping () -> Result) -> Result {
        let box = Box<Result>()
        let work = Work { box.value = body() }
        let argument = Unmanaged.passRetained(work)
        let code = concerto_thread_start(
            { Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().run() }, argument.toOpaque(), "concerto-dump", 1 << 20
        )
        if code == 0 {
            work.wait()
        } else {
            argument.release()
            work.run()
        }
        return box.value!
    }

    private final class Errand: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own, for which nobody waits.
    ///
    /// - Returns: Whether the system gives a thread.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let argument = Unmanaged.passRetained(Errand(body))
        let code = concerto_thread_start(
            { Unmanaged<Errand>.fromOpaque($0!).takeRetainedValue().body() }, argument.toOpaque(), name, 1 << 20)
        if code != 0 { argument.release() }
        return code == 0
    }
}
#endif
