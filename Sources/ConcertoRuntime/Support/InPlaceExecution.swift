import CConcerto
import Synchronization

/// Runs a job of a ``JobGate`` on the calling thread as an ordinary job of no actor.
///
/// The identity of "no actor" is two zero words, which no public API names; the runtime passes it for every job of the
/// global executor. A self-test at the first use sees whether a task that is run so comes back from a gate without a hop.
/// Where it does not, and on compilers that are not known, the job runs as one of the gate's: then every step hops to the
/// global executor first, which is slower and otherwise the same.
package enum InPlaceExecution {
    /// How many jobs may run inside each other on one thread: each takes a few kilobytes of its stack.
    static let maximumDepth: UInt32 = 100

    /// Whether jobs run in place.
    package static let isInPlace: Bool = {
        #if compiler(>=6.3) && compiler(<6.4)
        MemoryLayout<UnownedSerialExecutor>.size == 2 * MemoryLayout<UInt>.size && SelfTest.holds()
        #else
        false
        #endif
    }()

    /// The executor of no actor.
    fileprivate static var noActor: UnownedSerialExecutor {
        unsafeBitCast((UInt(0), UInt(0)), to: UnownedSerialExecutor.self)
    }

    /// Runs `job` here, or on the global executor if too many run inside each other here.
    @inline(never)
    static func run(_ job: UnownedJob, gate: JobGate) {
        let slots = concerto_thread_self()
        guard slots.pointee.nested < maximumDepth else { return globalConcurrentExecutor.enqueue(job) }
        slots.pointee.nested += 1
        job.runSynchronously(on: gate.isTrial || isInPlace ? noActor : gate.asUnownedSerialExecutor())
        slots.pointee.nested -= 1
    }

    /// A task of two stops: if it goes on in place it is through after three steps, all on this thread.
    private enum SelfTest {
        private final class Owner: JobGateOwner {
            let steps = Atomic(0)
            func gateIsReady() {}
        }

        static func holds() -> Bool {
            let owner = Owner()
            let gate = JobGate(owner: owner, isTrial: true)
            _ = gate.start(on: nil) {
                owner.steps.add(1, ordering: .relaxed)
                await gate.pass()
                owner.steps.add(1, ordering: .relaxed)
                await gate.pass()
                owner.steps.add(1, ordering: .relaxed)
                gate.end()
            }
            for step in 1...2 {
                guard case .parked = gate.advance(), owner.steps.load(ordering: .relaxed) == step else {
                    gate.abandon()
                    return false
                }
            }
            guard case .ended = gate.advance() else { return false }
            return owner.steps.load(ordering: .relaxed) == 3
        }
    }
}
