#if os(Linux)
import Concerto
import ConcertoRuntime
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ConcertoDiagnostics

@Suite(.serialized, .timeLimit(.minutes(3))) struct TaskDumpTests {
    @Test func `tasks of our own are read as they are`() {
        #expect(SelfTest.failure == nil)
    }

    @Test func `a task tells its name, state, priority and what it waits for`() async throws {
        let field = Field()
        let slept = Task(name: "dump-slept", priority: .high) { await field.wait() }
        let waits = Task(name: "dump-waits", priority: .high) { await slept.value }
        waits.cancel()
        let seen = try await dump { dump in
            dump.named("dump-waits").first?.wait?.task == dump.named("dump-slept").first?.id
                && dump.named("dump-slept").first?.state == .suspended
        }
        let (first, second) = (seen.named("dump-slept")[0], seen.named("dump-waits")[0])
        #expect(first.wait == TaskDump.Wait(kind: .continuation))
        #expect(!first.isCancelled && second.isCancelled)
        #expect(second.wait == TaskDump.Wait(kind: .task, task: first.id))
        #expect(second.state == .suspended)
        #expect(seen.functions(first).contains("ConcertoDiagnosticsTests.Field.wait()"))
        #expect(seen.notes.isEmpty, "\(seen.notes)")
        field.open()
        await waits.value
        let after = TaskDump.capture()
        #expect(after.named("dump-slept").isEmpty && after.named("dump-waits").isEmpty)
    }

    @Test func `D1: tasks that wait for each other are a cycle, named first`() async throws {
        let (turn, signal) = AsyncStream.makeStream(of: Task<Void, Never>.self)
        // These three are there for as long as the process is.
        let stops = Task(name: "cycle-a") { for await other in turn { await other.value } }
        let other = Task(name: "cycle-b") { await stops.value }
        Task(name: "cycle-behind") { await other.value }
        signal.yield(other)
        let seen = try await dump { dump in
            dump.cycles.contains { $0.members.contains { $0.name == "cycle-a" } && $0.waitingBehind == 1 }
        }
        let cycle = seen.cycles.first { $0.members.contains { $0.name == "cycle-a" } }
        #expect(cycle?.members.map(\.name) == ["cycle-a", "cycle-b"])
        let text = seen.text
        let a = seen.named("cycle-a")[0].id
        let b = seen.named("cycle-b")[0].id
        #expect(
            text.contains(
                "task \"cycle-a\" (#\(a)) awaits task \"cycle-b\" (#\(b)), which awaits task \"cycle-a\" (#\(a)); 1 task more"
            ),
            "\(text)")
        let deadlocks = text.range(of: "\nDeadlocks\n")!.lowerBound
        let groups = text.range(of: "\nGroups\n")!.lowerBound
        #expect(deadlocks < groups)
    }

    @Test func `a circle through a lock and a plain task is found, with the lock's name`() async throws {
        WaitGraph.activate()
        let lock = AsyncLock(name: "till")
        let (turn, signal) = AsyncStream.makeStream(of: Task<Void, any Error>.self)
        let holder = Task(name: "holds-lock") {
            try await lock.withLock { for await other in turn { try? await other.value } }
        }
        await until { WaitGraph.snapshot.holdings.contains { $0.resource.text == "AsyncLock \"till\"" } }
        let waiter = Task(name: "wants-lock") { try await lock.withLock {} }
        signal.yield(waiter)
        let seen = try await dump { dump in
            dump.cycles.contains { $0.members.contains { $0.name == "holds-lock" } }
        }
        let cycle = seen.cycles.first { $0.members.contains { $0.name == "holds-lock" } }
        #expect(cycle?.members.map(\.name) == ["holds-lock", "wants-lock"])
        #expect(cycle?.members.map(\.reason) == ["awaits", "waits for AsyncLock \"till\", held by"])
        #expect(seen.text.contains("holds AsyncLock \"till\" from ConcertoDiagnosticsTests/TaskDumpTests.swift:"))
        waiter.cancel()
        signal.finish()
        try await holder.value
    }

    @Test func `D2: a thousand tasks in one place are one group`() async throws {
        let field = Field()
        let tasks = (0..<1_000).map { _ in Task(name: "thousand") { await field.wait() } }
        let seen = try await dump { $0.groups.contains { $0.count == 1_000 && $0.names == ["thousand"] } }
        let group = seen.groups.first { $0.names == ["thousand"] }
        #expect(group?.count == 1_000)
        #expect(group?.functions.first == "ConcertoDiagnosticsTests.Field.wait()")
        #expect(group?.wait == "waiting for a continuation")
        #expect(
            seen.text.contains(
                "1,000 tasks waiting for a continuation: ConcertoDiagnosticsTests.Field.wait() < closure"))
        field.open()
        for task in tasks { await task.value }
    }

    @Test func `D3: the dump comes while all workers block, and says in what`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2, maxThreads: 2, name: "blocked"))
        let gate = DispatchSemaphore(value: 0)
        let blocked = (0..<2).map { _ in
            Task(name: "dump-blocks", executorPreference: pool) { Self.block(on: gate) }
        }
        let queued = Task(name: "dump-starves", executorPreference: pool) {}
        let seen = try await dump { dump in
            dump.threads.count { dump.task($0.task ?? 0)?.name == "dump-blocks" } == 2
                && dump.named("dump-starves").first?.state == .enqueued
        }
        let threads = seen.threads.filter { seen.task($0.task ?? 0)?.name == "dump-blocks" }
        for thread in threads {
            #expect(
                thread.functions.contains("ConcertoDiagnosticsTests.TaskDumpTests.block(on:)"), "\(thread.functions)")
        }
        #expect(seen.named("dump-blocks").allSatisfy { $0.state == .running })
        gate.signal()
        gate.signal()
        for task in blocked { await task.value }
        await queued.value
        await pool.shutdown()
    }

    @inline(never) static func block(on gate: DispatchSemaphore) { gate.wait() }

    private actor Mailbox {
        private var letters = 0
        func keep(_ gate: DispatchSemaphore, _ begun: Flag) {
            begun.set()
            // asynclint:ignore:next blocking-call-in-async — the dump has to say that this thread is parked
            gate.wait()
        }
        func add() { letters += 1 }
    }

    @Test func `D5: the tasks that are queued on an actor are counted, by its type`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2, name: "actor"))
        let (mailbox, gate, begun) = (Mailbox(), DispatchSemaphore(value: 0), Flag())
        let keeper = Task(executorPreference: pool) { await mailbox.keep(gate, begun) }
        await until { begun.isSet }
        let waiters = (0..<50).map { _ in Task(name: "letter", executorPreference: pool) { await mailbox.add() } }
        let seen = try await dump { $0.queues.contains { $0.executor?.hasSuffix("Mailbox") == true && $0.count == 50 } }
        #expect(seen.text.contains("50 tasks queued on actor ConcertoDiagnosticsTests.TaskDumpTests.Mailbox ("))
        gate.signal()
        for task in waiters + [keeper] { await task.value }
        await pool.shutdown()
    }

    @Test func `D7: children of a group and of async let know their parent`() async throws {
        let field = Field()
        let parent = Task(name: "dump-parent") {
            async let one: Void = field.wait()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask(name: "dump-child") { await field.wait() } }
            }
            await one
        }
        let seen = try await dump { dump in
            guard let parent = dump.named("dump-parent").first, parent.wait?.kind == .group else { return false }
            return dump.tasks.count { $0.parent == parent.id && $0.state == .suspended } == 4
        }
        let id = seen.named("dump-parent")[0].id
        let children = seen.tasks.filter { $0.parent == id }
        #expect(children.count == 4)
        #expect(children.count { $0.isGroupChild && $0.name == "dump-child" } == 3)
        #expect(children.count { !$0.isGroupChild && $0.name == nil } == 1)
        field.open()
        await parent.value
    }

    @Test func `D9: tasks that have ended are not listed`() async throws {
        for _ in 0..<1_000 { await Task(name: "dump-ended") { await Task.yield() }.value }
        #expect(TaskDump.capture().named("dump-ended").isEmpty)
    }

    @Test func `a limit is kept, and what is left out is said`() async throws {
        let field = Field()
        let tasks = (0..<20).map { _ in Task { await field.wait() } }
        await until { field.waiting == 20 }
        let seen = TaskDump.capture(limit: 10)
        #expect(seen.tasks.count == 10)
        #expect(seen.cost.dropped >= 10)
        #expect(seen.notes.contains { $0.contains("more tasks are not listed") })
        field.open()
        for task in tasks { await task.value }
    }

    @Test func `lines of JSON say what the text says`() async throws {
        let field = Field()
        let task = Task(name: "json \"quoted\"\n") { await field.wait() }
        let seen = try await dump { $0.named("json \"quoted\"\n").first?.state == .suspended }
        let objects = try seen.jsonLines().split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(objects.first?["type"] as? String == "dump")
        #expect(objects.first?["tasks"] as? Int == seen.tasks.count)
        let line = objects.first { $0["name"] as? String == "json \"quoted\"\n" }
        #expect(line?["state"] as? String == "suspended")
        #expect(line?["waits_for"] as? String == "continuation")
        #expect((line?["functions"] as? [String])?.first == "ConcertoDiagnosticsTests.Field.wait()")
        #expect(objects.count { $0["type"] as? String == "task" } == seen.tasks.count)
        #expect(objects.count { $0["type"] as? String == "group" } == seen.groups.count)
        field.open()
        await task.value
    }
}
#endif
