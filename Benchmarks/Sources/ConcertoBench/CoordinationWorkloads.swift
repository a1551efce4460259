import Concerto

extension Workload {
    static let coordination: [Workload] = [
        .timed("pingpong_200k", provisional: true) {
            let there = Channel<Int>(capacity: 1)
            let back = Channel<Int>(capacity: 1)
            let echo = Task {
                for _ in 0..<200_000 { await back.send(await there.receive()!) }
            }
            for index in 0..<200_000 {
                await there.send(index)
                let value = await back.receive()
                precondition(value == index)
            }
            await echo.value
        },
        .timed("semaphore_uncontended_1m", provisional: true) {
            let semaphore = Semaphore(permits: 1)
            for _ in 0..<1_000_000 {
                await semaphore.wait()
                semaphore.signal()
            }
        },
        .timed("semaphore_contended_640k", provisional: true) {
            await contended { await Task.yield() }
        },
        .timed("semaphore_contended_pool_640k", provisional: true, needsPool: true) {
            await contended { await ThreadPool.yield() }
        },
        .timed("mpmc_4x4_2m", provisional: true) {
            let channel = Channel<Int>(capacity: 1_024)
            let producers = (0..<4).map { _ in
                Task {
                    for index in 0..<500_000 { await channel.send(index) }
                }
            }
            let consumers = (0..<4).map { _ in
                Task {
                    var sum = 0
                    while let value = await channel.receive() { sum += value }
                    return sum
                }
            }
            for producer in producers { await producer.value }
            channel.finish()
            var sum = 0
            for consumer in consumers { sum += await consumer.value }
            precondition(sum == 4 * (500_000 * 499_999 / 2))
        },
        .timed("cancel_register_1m", provisional: true) {
            for _ in 0..<1_000_000 {
                let source = TokenSource()
                source.unregister(source.register {})
            }
        },
    ]

    private static func contended(_ giveWay: @escaping @Sendable () async -> Void) async {
        let semaphore = Semaphore(permits: 8)
        let tasks = (0..<64).map { _ in
            Task {
                for _ in 0..<10_000 {
                    await semaphore.wait()
                    await giveWay()
                    semaphore.signal()
                }
            }
        }
        for task in tasks { await task.value }
    }
}
