import Concerto
import ConcertoTesting
import Testing

@Suite(.leakFree) struct SynchronizationContextTests {
    let log = Recorder<String>()

    @Test(.row("1.6.5"))
    func `post runs later and in order, send runs now, in place if it is there already`() async throws {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        let gate = ThreadGate()
        context.post { gate.wait() }
        for number in 0..<3 { context.post { log.record("post \(number)") } }
        log.record("posted")
        gate.open()
        let sent = try sendFromHere(context) {
            #expect(SynchronizationContext.current === context)
            return try context.send { "nested" }
        }
        #expect(sent == "nested")
        #expect(log.entries == ["posted", "post 0", "post 1", "post 2"])
        await #expect(throws: Failure(1)) { try await context.post { throw Failure(1) }.value }
        #expect(throws: Failure(2)) { try sendFromHere(context) { throw Failure(2) } }
    }

    @Test(.row("1.6.1"))
    func `After every await the code is back on its context`() async throws {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        actor Elsewhere { func work() {} }
        let elsewhere = Elsewhere()
        try await Task.run(on: context) {
            func check(_ place: Comment) { #expect(SynchronizationContext.current === context, place) }
            check("start")
            await Task.yield()
            check("yield")
            try await Task.delay(for: .milliseconds(1))
            check("delay")
            await elsewhere.work()
            check("actor")
            await MainActor.run {}
            check("main actor")
            _ = try await Task.run { 1 }.value
            check("task")
            await withDeadline(in: .seconds(100)) {
                check("deadline")
                await Task.yield()
                check("deadline, after a suspension")
            }
        }.value
    }

    @Test(.row("1.6.2"))
    func `withoutContext leaves the context for its body, and comes back`() async throws {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        try await Task.run(on: context) {
            await withoutContext {
                #expect(SynchronizationContext.current == nil)
                await Task.yield()
                #expect(SynchronizationContext.current == nil)
            }
            #expect(SynchronizationContext.current === context)
        }.value
        let five = await withoutContext { 5 }
        #expect(five == 5)
    }

    @Test(.row("1.6.1", "1.6.2"))
    func `What ends an await posts to its context exactly once, and nothing does inside withoutContext`() async throws {
        let context = SynchronizationContext()
        let source = TaskCompletionSource<Void>()
        let inside = TaskCompletionSource<Void>()
        let left = TaskCompletionSource<Void>()
        let task = Task.run(on: context) {
            try await source.task.value
            await withoutContext {
                inside.trySetResult()
                for _ in 0..<10 { await Task.yield() }
                await left.task.settled()
            }
            return SynchronizationContext.current === context
        }
        #expect(context.runUntilIdle() > 0 && context.pending == 0)
        source.trySetResult()
        #expect(context.pending == 1)
        context.runUntilIdle()
        await inside.task.settled()
        #expect(context.pending == 0)
        left.trySetResult()
        while !task.isCompleted {
            if context.runUntilIdle() == 0 { await Task.yield() }
        }
        #expect(try await task.value)
    }

    @Test(.row("1.6.3"))
    func `An awaiter without a context resumes without one, also when a context completes what it awaits`() async throws
    {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        let source = TaskCompletionSource<Void>()
        let waiter = Task.run {
            try await source.task.value
            return SynchronizationContext.current == nil
        }
        context.post { source.trySetResult() }
        #expect(try await waiter.value)
    }

    @Test(.row("1.6.4"))
    func `Options suppress errors and force a yield; meaningless ones are refused`() async throws {
        try await TaskHandle<Int>.failed(Failure(1)).settled(.suppressThrowing)
        try await TaskHandle<Int>.cancelled.settled([.suppressThrowing, .continueOnCapturedContext])
        await #expect(throws: Failure(1)) { try await TaskHandle<Int>.failed(Failure(1)).settled([]) }
        await #expect(throws: ArgumentError.self) {
            try await TaskHandle.completed(1).settled(ConfigureAwaitOptions(rawValue: 8))
        }
        let executor = ManualExecutor()
        executor.task { try await TaskHandle.completed(1).settled([]) }
        #expect(executor.runUntilIdle() == 1)
        executor.task { try await TaskHandle.completed(1).settled(.forceYielding) }
        #expect(executor.runUntilIdle() > 1)
    }

    @Test func `A context without a thread runs when it is pumped`() async throws {
        let context = SynchronizationContext()
        let task = Task.run(on: context) {
            await Task.yield()
            return 3
        }
        #expect(context.pending == 1 && task.status == .waiting)
        context.runUntilIdle()
        #expect(task.status == .succeeded)
        context.post { log.record("posted") }
        context.pump { log.count == 1 }
        context.stop()
        context.run()
        #expect(log.entries == ["posted"])
    }

    // `send` once waited for ever, and what was posted never ran.
    @Test(.timeLimit(.minutes(5)))
    func `A context with a thread of its own runs what comes after its stop`() async throws {
        for _ in 0..<200 {
            let context = SynchronizationContext.withThread(named: "own")
            let early = context.post { SynchronizationContext.current === context }
            context.stop()
            // Whether the thread has ended by now or not.
            let posted = context.post { SynchronizationContext.current === context }
            let sent = try sendFromHere(context) { SynchronizationContext.current === context }
            #expect(sent)
            let isThere = (try await early.value, try await posted.value)
            #expect(isThere == (true, true))
        }
    }

    // A job became runnable four times before the body of a `post` ran, Swift's own task twice.
    @Test(.row("1.6.5"))
    func `posts, Swift's tasks and calls of resident actors run in the order in which they came, F7`() async {
        actor Resident {
            let context: SynchronizationContext
            nonisolated var unownedExecutor: UnownedSerialExecutor { context.asUnownedSerialExecutor() }
            init(_ context: SynchronizationContext) { self.context = context }
            func work(_ log: Recorder<String>, _ entry: String) { log.record(entry) }
        }
        let context = SynchronizationContext()
        let resident = Resident(context)
        for round in 0..<2 {
            context.post { self.log.record("\(round) post") }
            Task(executorPreference: context) { log.record("\(round) task") }
            context.post { self.log.record("\(round) second post") }
            Task(executorPreference: context) { await resident.work(log, "\(round) call") }
            _ = Task.run(on: context) { self.log.record("\(round) run") }
        }
        while log.count < 10 { context.runUntilIdle() }
        let (calls, others) = (
            log.entries.filter { $0.hasSuffix("call") }, log.entries.filter { !$0.hasSuffix("call") }
        )
        #expect(
            others == ["0 post", "0 task", "0 second post", "0 run", "1 post", "1 task", "1 second post", "1 run"])
        #expect(calls == ["0 call", "1 call"])
    }

    @Test func `a call that is on its way to a resident actor comes before a later post, F7`() async {
        actor Resident {
            let context: SynchronizationContext
            nonisolated var unownedExecutor: UnownedSerialExecutor { context.asUnownedSerialExecutor() }
            init(_ context: SynchronizationContext) { self.context = context }
            func work(_ log: Recorder<String>) { log.record("call") }
        }
        let context = SynchronizationContext()
        let resident = Resident(context)
        context.post { self.log.record("post") }
        let executor = ManualExecutor()
        executor.task { await resident.work(log) }
        executor.runUntilIdle()
        context.post { self.log.record("second post") }
        context.runUntilIdle()
        executor.runUntilIdle()
        #expect(log.entries == ["post", "call", "second post"])
    }

    @Test func `Actors can live on a context`() async throws {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        actor Resident {
            let context: SynchronizationContext
            nonisolated var unownedExecutor: UnownedSerialExecutor { context.asUnownedSerialExecutor() }
            var count = 0
            init(_ context: SynchronizationContext) { self.context = context }
            func add() -> Bool {
                count += 1
                return SynchronizationContext.current === context
            }
        }
        let resident = Resident(context)
        for _ in 0..<10 { #expect(await resident.add()) }
        #expect(await resident.count == 10)
    }

    // What enqueues on a context whose last reference the job drops once read freed memory: 6 of 120 runs of 400 rounds crashed.
    @Test func `a stopped context that only its last job holds takes that job, and goes`() async throws {
        for _ in 0..<400 {
            let context = SynchronizationContext.withThread(named: "short")
            let task = Task.run(on: context) { await withoutContext { await Task.yield() } }
            context.stop()
            _ = consume context
            try await task.value
        }
    }

    @Test func `Combinators called on a context run their children elsewhere, at the same time`() async throws {
        let context = SynchronizationContext.withThread(named: "test")
        defer { context.stop() }
        let places = try await Task.run(on: context) {
            let mapped = try await (0..<4).mapConcurrently(limit: 2) { _ in SynchronizationContext.current == nil }
            let all = try await Task.whenAll(
                { SynchronizationContext.current == nil }, { SynchronizationContext.current == nil })
            return mapped + all
        }.value
        #expect(places == [Bool](repeating: true, count: 6))
    }

    @Test(.row("1.6.8"))
    func `An exclusive and many concurrent: the reader-writer lock and a context do what a scheduler pair does`()
        async throws
    {
        let lock = AsyncReaderWriterLock()
        let inside = Counter()
        try await (0..<100).forEachConcurrently(limit: 8) { number in
            if number % 4 == 0 {
                try await lock.withWriteLock {
                    #expect(inside.add(1_000) == 1_000)
                    await Task.yield()
                    inside.add(-1_000)
                }
            } else {
                try await lock.withReadLock {
                    #expect(inside.add() < 1_000)
                    await Task.yield()
                    inside.add(-1)
                }
            }
        }
    }
}
