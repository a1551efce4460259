#if os(Linux)
import Foundation
import TestSupport
import Testing

/// What the default pool of a process does in a process of its own; each case ends with 0 if it held.
@Suite struct ProcessTests {
    private let program = TestProgram("PoolProgram")

    @Test(.timeLimit(.minutes(5)))
    func `two blockers do not stop a process that has no descriptor left`() async throws {
        #expect(try await program.run("no-descriptors").status == 0)
    }

    // Under ThreadSanitizer the address space cannot be limited.
    @Test(.timeLimit(.minutes(5)), .disabled(if: isThreadSanitized))
    func `a pool that cannot start a thread tries again, and counts none that never ran`() async throws {
        #expect(try await program.run("no-threads").status == 0)
    }

    // Once hung: with no thread, not even a monitor, nobody tried again.
    @Test(.timeLimit(.minutes(5)), .disabled(if: isThreadSanitized))
    func `a pool that has no thread yet, and gets none, says so and runs its first job when it does`() async throws {
        #expect(try await program.run("no-first-thread").status == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func `the environment overrides what the program configures`() async throws {
        let ending = try await program.run(
            "environment", environment: ["CONCERTO_POOL_MIN_THREADS": "3", "CONCERTO_POOL_NAME": "outside"])
        #expect(ending.status == 0)
        #expect(ending.complaints == "")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a misspelt variable is complained about once, and changes nothing else`() async throws {
        // This case installs twice.
        let ending = try await program.run(
            "invalid-configuration", environment: ["CONCERTO_POOL_MAXTHREADS": "9", "CONCERTO_POOL_MAX_THREADS": "99"])
        #expect(ending.status == 0)
        #expect(ending.complaints.components(separatedBy: "CONCERTO_POOL_MAXTHREADS: no such setting").count == 2)
        #expect(ending.complaints.contains("CONCERTO_POOL_MAX_THREADS, "))
    }

    @Test(.timeLimit(.minutes(5)))
    func `the number of threads follows the affinity mask`() async throws {
        #expect(try await program.run("one-processor").status == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func `an invalid configuration is refused by name, and a valid one may follow`() async throws {
        let ending = try await program.run("invalid-configuration")
        #expect(ending.status == 0)
        #expect(ending.complaints.contains("minThreads is 0, must be 1…32767"))
    }

    @Test(.timeLimit(.minutes(5)))
    func `an invalid environment is refused by name, all values at once`() async throws {
        let ending = try await program.run(
            "invalid-environment",
            environment: ["CONCERTO_POOL_MIN_THREADS": "many", "CONCERTO_POOL_IDLE_TIMEOUT_MS": "-1"])
        #expect(ending.status == 0)
        #expect(ending.complaints.contains("CONCERTO_POOL_MIN_THREADS is \"many\", must be a number of threads"))
        #expect(ending.complaints.contains("must be at least 1 ms"))
        #expect(ending.complaints.contains("the pool is not installed, tasks run on Swift's own executor"))
    }

    @Test(.timeLimit(.minutes(5)))
    func `a CONCERTO_POOL that is neither 1 nor 0 is not overlooked`() async throws {
        let ending = try await program.run("invalid-configuration", environment: ["CONCERTO_POOL": "yes"])
        #expect(ending.status == 0)
        #expect(ending.complaints.contains("CONCERTO_POOL is \"yes\", must be 1 or 0: the pool is not installed"))
    }

    @Test(.timeLimit(.minutes(5)))
    func `installed on another thread it leaves the main actor where it is`() async throws {
        #expect(try await program.run("other-thread").status == 0)
    }

    @Test(.timeLimit(.minutes(5)))
    func `tasks that began before the installation come to their end`() async throws {
        #expect(try await program.run("earlier-tasks").status == 0)
    }
}
#endif
