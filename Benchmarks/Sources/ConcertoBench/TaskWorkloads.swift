import Concerto
import Synchronization

extension Workload {
    static let tasks: [Workload] = [
        .timed("spawn_join_1m") { await spawnJoin(1_000_000) },
        .timed("yield_1m") {
            for _ in 0..<1_000_000 { await Task.yield() }
        },
        .timed("yield_pool_1m", needsPool: true) {
            for _ in 0..<1_000_000 { await ThreadPool.yield() }
        },
        .timed("fib_24") {
            let value = await fib(24)
            precondition(value == 46_368)
        },
        .timed("foreach_1m_by_64") { await forEach(1_000_000, degree: 64) { await Task.yield() } },
        .timed("foreach_pool_1m_by_64", needsPool: true) {
            await forEach(1_000_000, degree: 64) { await ThreadPool.yield() }
        },
        .timed("detached_1m") {
            for index in 0..<1_000_000 {
                let value = await Task.detached { index }.value
                precondition(value == index)
            }
        },
        .timed("group_1m") {
            let sum = await withTaskGroup(of: Int.self) { group in
                for index in 0..<1_000_000 { group.addTask { index } }
                return await group.reduce(0, +)
            }
            precondition(sum == 499_999_500_000)
        },
        .timed("async_let_1m") {
            var sum = 0
            for index in 0..<1_000_000 {
                async let value = identity(index)
                sum += await value
            }
            precondition(sum == 499_999_500_000)
        },
        .timed("actor_call_1m") {
            let counter = Counter()
            for _ in 0..<1_000_000 { await counter.increment() }
            let count = await counter.count
            precondition(count == 1_000_000)
        },
        .perItem("completed_value_10m", 10_000_000) { count in
            let handle = TaskHandle { 1 }
            try handle.start()
            var sum = try await handle.value
            for _ in 1..<count { sum += try await handle.value }
            precondition(sum == count)
        },
        .perItem("foreach_concurrently_1m", 1_000_000) { count in
            let sum = Atomic(0)
            try await (0..<count).forEachConcurrently(limit: 64) { sum.wrappingAdd($0, ordering: .relaxed) }
            precondition(sum.load(ordering: .relaxed) == count * (count - 1) / 2)
        },
        .perItem("map_concurrently_1m", 1_000_000) { count in
            let doubled = try await (0..<count).mapConcurrently(limit: 64) { $0 * 2 }
            precondition(doubled.count == count && doubled[count - 1] == 2 * (count - 1))
        },
    ]

    private static func spawnJoin(_ count: Int) async {
        var tasks: [Task<Int, Never>] = []
        tasks.reserveCapacity(count)
        for index in 0..<count { tasks.append(Task { index }) }
        var sum = 0
        for task in tasks { sum += await task.value }
        precondition(sum == count * (count - 1) / 2)
    }

    private static func fib(_ number: Int) async -> Int {
        guard number > 1 else { return number }
        let left = Task { await fib(number - 1) }
        let right = await fib(number - 2)
        return await left.value + right
    }

    private static func forEach(_ count: Int, degree: Int, _ giveWay: @escaping @Sendable () async -> Void) async {
        let progress = Progress()
        var workers: [Task<Void, Never>] = []
        for _ in 0..<degree {
            workers.append(
                Task {
                    while true {
                        let index = progress.next.wrappingAdd(1, ordering: .relaxed).oldValue
                        guard index < count else { return }
                        await giveWay()
                        progress.sum.wrappingAdd(index, ordering: .relaxed)
                    }
                })
        }
        for worker in workers { await worker.value }
        precondition(progress.sum.load(ordering: .relaxed) == count * (count - 1) / 2)
    }

    private final class Progress: Sendable {
        let next = Atomic(0)
        let sum = Atomic(0)
    }

    @inline(never)
    private static func identity(_ value: Int) async -> Int { value }

    private actor Counter {
        var count = 0
        @inline(never) func increment() { count += 1 }
    }
}
