import ConcertoResilience
import ConcertoTesting
import Testing

/// The context's binding stands on the task's own stack: whatever bodies put there must not get in its way.
struct ContextBindingTests {
    @TaskLocal private static var mark = 0

    private let bound = ResiliencePipeline { Timeout(.seconds(3_600), kind: .cooperative) }

    private var deadline: TimerInstant? { ResilienceContext.current?.deadline }

    @Test func valuesOfUnknownSizeComeOut() async throws {
        // Types of resilient libraries: their size is known at run time only.
        let before = ContinuousClock.now
        let instant = try await bound.execute { ContinuousClock.now }
        #expect(instant >= before)
        let unboxed = Timeout(.seconds(3_600), kind: .cooperative)
        #expect(try await unboxed.execute { SuspendingClock.now } <= SuspendingClock.now)
        let inspecting = ResiliencePipeline {
            Fallback { _ in ContinuousClock.now }
            Timeout(.seconds(3_600), kind: .cooperative)
        }
        #expect(try await inspecting.execute { ContinuousClock.now } >= instant)
        let replaced = try await inspecting.execute { () async throws -> ContinuousClock.Instant in throw Failure() }
        #expect(replaced >= instant)
        #expect(deadline == nil)
    }

    @Test func genericCallersMayHoldWhateverTheyLike() async throws {
        @inline(never)
        func through<T: Sendable>(_ value: T, _ pipeline: ResiliencePipeline) async throws -> (T, T) {
            let first = try await pipeline.execute { value }
            let second = try await pipeline.execute { try await pipeline.execute { value } }
            return (first, second)
        }
        #expect(try await through("text", bound) == ("text", "text"))
        #expect(try await through([1, 2, 3], bound) == ([1, 2, 3], [1, 2, 3]))
        let now = ContinuousClock.now
        #expect(try await through(now, bound) == (now, now))
    }

    @Test func bodiesMayBindValuesAndStartChildren() async throws {
        for _ in 0..<100 {
            let (outer, inner) = try await bound.execute { () async throws -> (TimerInstant?, TimerInstant?) in
                try await Self.$mark.withValue(1) {
                    async let child = deadline
                    let nested = try await bound.execute { () async throws -> TimerInstant? in
                        try await Self.$mark.withValue(2) {
                            #expect(Self.mark == 2)
                            return try await withThrowingTaskGroup(of: TimerInstant?.self) { group in
                                for _ in 0..<3 {
                                    group.addTask {
                                        await Task.yield()
                                        return ResilienceContext.current?.deadline
                                    }
                                }
                                let all = try await group.reduce(into: []) { $0.append($1) }
                                #expect(Set(all).count == 1)
                                return all[0]
                            }
                        }
                    }
                    #expect(Self.mark == 1)
                    return (await child, nested)
                }
            }
            #expect(outer != nil && outer == inner)
            #expect(Self.mark == 0 && deadline == nil)
        }
    }

    @Test func bodiesThatThrowOrAreCancelledLeaveNothingBehind() async throws {
        for number in 0..<100 {
            await #expect(throws: Failure(number: number)) {
                try await bound.execute {
                    try await Self.$mark.withValue(number) {
                        await Task.yield()
                        throw Failure(number: number)
                    }
                }
            }
            #expect(deadline == nil)
        }
        let clock = ManualClock()
        let task = Task { [bound] in
            await #expect(throws: CancellationError.self) {
                try await bound.execute { try await clock.sleep(for: .seconds(1)) }
            }
            return ResilienceContext.current == nil
        }
        await settle { clock.pending == 1 }
        task.cancel()
        #expect(await task.value)
    }

    /// Regression: an execution whose context said nothing was not bound, and code in it found the context around it.
    @Test func anExecutionHidesTheOneAroundItAlsoIfItSaysNothing() async throws {
        let around = Retry(maxRetries: 1, backoff: .none, budget: nil)
        let attempts = try await around.execute { context in
            guard context.attempt == 2 else { throw Failure() }
            let inner = try await NoStrategy().execute { ResilienceContext.current?.attempt }
            let given = try await NoStrategy().execute(in: ResilienceContext()) { _ in
                ResilienceContext.current?.attempt
            }
            return [ResilienceContext.current?.attempt, inner, given]
        }
        #expect(attempts == [2, 1, 1])
    }

    @Test func unstructuredTasksKeepTheContextAfterItsExecution() async throws {
        let gate = Gate()
        var context = ResilienceContext(operation: String(repeating: "an operation with a long name ", count: 3))
        context.properties[ResiliencePropertyKey<[Int]>("list")] = [1, 2, 3]
        let task = try await bound.execute(in: context) { _ in
            Task {
                await gate.wait()
                return ResilienceContext.current
            }
        }
        gate.open()
        let kept = await task.value
        #expect(kept?.operation == context.operation)
        #expect(kept?.properties[ResiliencePropertyKey<[Int]>("list")] == [1, 2, 3])
    }

    /// Regression: a task-local's `withValue` took bodies that inherit their caller's isolation off the caller's actor.
    @MainActor @Test(arguments: [Timeout.Kind.cooperative, .native])
    func bodiesThatInheritIsolationStayOnTheCallersActor(_ kind: Timeout.Kind) async throws {
        nonisolated(nonsending)
            func isolation() async throws -> (any Actor)?
        {
            #isolation
        }
        let timeout = Timeout(.seconds(3_600), kind: kind)
        #expect(try await timeout.execute(nil, isolation) === MainActor.shared)
        let retried = ResiliencePipeline {
            Fallback { _ in 0 }
            Retry()
            timeout
        }
        let isMain = try await retried.execute { () async throws -> Bool in
            try await isolation() === MainActor.shared
        }
        #expect(isMain)
    }

    /// Many tasks at once, at random: nested executions, failures, yields, children.
    @Test func randomNestingKeepsContextsApart() async throws {
        let random = seeded()
        let seeds = (0..<300).map { _ in random.int(below: 1_000_000) }
        @Sendable func nest(_ depth: Int, _ bits: Int) async throws -> Int {
            let operation = "level \(depth)"
            return try await bound.execute(operation) { () async throws -> Int in
                #expect(ResilienceContext.current?.operation == operation)
                if bits & 1 == 1 { await Task.yield() }
                guard depth > 0 else {
                    if bits & 2 == 2 { throw Failure(number: bits) }
                    return bits
                }
                if bits & 4 == 4 {
                    async let left = nest(depth - 1, bits >> 3)
                    let right = try? await nest(depth - 1, bits >> 2)
                    #expect(ResilienceContext.current?.operation == operation)
                    return (try? await left) ?? right ?? 0
                }
                let result = try await nest(depth - 1, bits >> 1)
                #expect(ResilienceContext.current?.operation == operation)
                return result
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for seed in seeds {
                group.addTask {
                    _ = try? await nest(6, seed)
                    #expect(ResilienceContext.current == nil)
                }
            }
        }
    }
}
