import Testing

@testable import ConcertoDiagnostics

/// Findings from dumps that the test writes itself: what is found, and above all what is not.
@Suite struct FindingTests {
    private func look(
        at seconds: Double, _ tasks: [TaskDump.Entry], stacks: Int = 4, threads: [TaskDump.Thread] = []
    ) -> TaskDump {
        var dump = TaskDump(
            takenAt: seconds, process: TaskDump.Process(id: 1, executable: "app", isSelf: false), notes: [],
            tasks: tasks.sorted { $0.id < $1.id },
            stacks: (0..<stacks).map { number in
                TaskDump.Stack(
                    frames: [
                        TaskDump.Frame(
                            address: UInt64(number), symbol: "place\(number)", shortName: "place\(number)",
                            image: "app",
                            isPlumbing: false)
                    ], isCut: false)
            }, threads: threads, queues: [], cycles: [], groups: [], waitGraph: nil, cost: TaskDump.Cost())
        dump.summarize()
        return dump
    }

    private func task(
        _ id: UInt64, _ state: TaskDump.State, _ wait: TaskDump.Wait? = nil, at stack: Int = 0, cancelled: Bool = false,
        cancellable: Bool = false
    ) -> TaskDump.Entry {
        TaskDump.Entry(
            id: id, name: nil, state: state, isCancelled: cancelled, priority: 25, parent: nil, isGroupChild: false,
            wait: wait, stack: stack, hasCancellationHandler: cancellable)
    }

    private let queued = TaskDump.Wait(kind: .executor)
    private let continuation = TaskDump.Wait(kind: .continuation)

    private func kinds(_ looks: [TaskDump]) -> [TaskFinding.Kind] { TaskFinding.search(looks).map(\.kind) }

    @Test func `one look shows nothing`() {
        let a = task(1, .suspended, TaskDump.Wait(kind: .task, task: 2))
        let b = task(2, .suspended, TaskDump.Wait(kind: .task, task: 1))
        #expect(kinds([look(at: 0, [a, b])]).isEmpty)
        #expect(kinds([look(at: 0, [a, b]), look(at: 1, [a, b])]) == [.deadlock])
        #expect(kinds([look(at: 0, [a, task(2, .running)]), look(at: 1, [a, b])]).isEmpty)
    }

    @Test func `who waits for a thread while the same tasks keep all of them starves`() {
        let looks = [0.0, 0.6, 1.2].map { look(at: $0, [task(1, .running, at: 1), task(2, .enqueued, queued)]) }
        let found = TaskFinding.search(looks)
        #expect(found.map(\.kind) == [.starved, .neverSuspends])
        #expect(found[0].tasks == [2] && found[1].tasks == [1])
        #expect(
            found[0].description.hasPrefix("1 task wait for a turn on the default executor in all of 3 looks in 1.2 s"))
    }

    @Test func `who waits for a thread while others get one does not starve`() {
        let looks = [
            look(at: 0, [task(1, .running), task(2, .enqueued, queued), task(3, .enqueued, queued)]),
            look(at: 2, [task(3, .running), task(2, .enqueued, queued), task(1, .enqueued, queued)]),
        ]
        #expect(kinds(looks).isEmpty)
    }

    @Test func `a second is not over yet`() {
        #expect(kinds([0.0, 0.4, 0.9].map { look(at: $0, [task(1, .running), task(2, .enqueued, queued)]) }).isEmpty)
    }

    @Test func `an actor whose queue moves is busy and starves nobody`() {
        let actor = TaskDump.Wait(kind: .executor, executor: "App.Shop", identity: 64)
        let stuck = [0.0, 2].map { look(at: $0, [task(1, .enqueued, actor), task(2, .enqueued, actor)]) }
        #expect(kinds(stuck) == [.starved])
        let moving = [
            look(at: 0, [task(1, .enqueued, actor), task(2, .enqueued, actor)]),
            look(at: 2, [task(2, .enqueued, actor)]),
        ]
        #expect(kinds(moving).isEmpty)
        let long = [0, 2].map { round in
            look(at: Double(round), (0..<100).map { task(UInt64($0 + 1 + round), .enqueued, actor) })
        }
        #expect(kinds(long) == [.busyActor])
    }

    @Test func `cancelled tasks are found after ten seconds`() {
        let task = task(1, .suspended, continuation, cancelled: true, cancellable: true)
        #expect(kinds([0.0, 11].map { look(at: $0, [task]) }) == [.cancelledAndAlive])
        #expect(kinds([0.0, 9].map { look(at: $0, [task]) }).isEmpty)
    }

    @Test func `tasks that gather in one place are a leak, those that come and go are none`() {
        func gathered(_ count: UInt64, from first: UInt64 = 1) -> [TaskDump.Entry] {
            (first..<first + count).map { task($0, .suspended, continuation, cancellable: true) }
        }
        let growing = [(0.0, 100), (1, 120), (2, 150)].map { look(at: $0.0, gathered($0.1)) }
        let found = TaskFinding.search(growing)
        #expect(found.map(\.kind) == [.leak])
        #expect(found.first?.count == 150 && found.first?.functions == ["place0"])
        #expect(found.first?.description.contains("50 more than 2.0 s before") == true)
        #expect(kinds([(0.0, 100), (1, 120), (2, 120)].map { look(at: $0.0, gathered($0.1)) }).isEmpty)
        #expect(kinds([look(at: 0, gathered(100)), look(at: 1, gathered(120, from: 101))]).isEmpty)
        #expect(kinds([(0.0, 10), (1, 12), (2, 15)].map { look(at: $0.0, gathered($0.1)) }).isEmpty)
    }

    @Test func `a continuation that nobody resumes is suspected, unless a cancellation ends the wait`() {
        #expect(kinds([0.0, 31].map { look(at: $0, [task(1, .suspended, continuation)]) }) == [.lostResume])
        #expect(kinds([0.0, 31].map { look(at: $0, [task(1, .suspended, continuation, cancellable: true)]) }).isEmpty)
        #expect(
            kinds([(0.0, 1), (31, 2)].map { look(at: $0.0, [task(1, .suspended, continuation, at: $0.1)]) }).isEmpty)
    }

    @Test func `who keeps the main actor is found if the same keeps it at every look`() {
        let main = TaskDump.Wait(kind: .executor, executor: "MainActor", identity: 64)
        func thread(_ id: UInt64) -> TaskDump.Thread {
            TaskDump.Thread(id: 1, name: "app", isMain: true, runsMainActor: true, task: id, frames: [])
        }
        let tasks = [task(1, .running), task(2, .enqueued, main)]
        let found = TaskFinding.search([0.0, 1.5].map { look(at: $0, tasks, threads: [thread(1)]) })
        #expect(found.map(\.kind) == [.mainActorBlocked])
        #expect(found.first?.description.contains("blocked by task #1") == true)
        #expect(kinds([look(at: 0, tasks, threads: [thread(1)]), look(at: 2, tasks, threads: [thread(3)])]).isEmpty)
    }
}
