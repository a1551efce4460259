import AsyncAlgorithms
import Concerto

extension Workload {
    static let coordination: [Workload] = [
        .timed("pingpong_200k") {
            let there = BoundedChannel<Int>(capacity: 1)
            let back = BoundedChannel<Int>(capacity: 1)
            let echo = Task {
                for _ in 0..<200_000 { try await back.write(try await there.read()) }
            }
            for index in 0..<200_000 {
                try await there.write(index)
                let value = try await back.read()
                precondition(value == index)
            }
            try await echo.value
        },
        // What Swift itself has for two tasks that answer each other: two streams, without limit and without back-pressure.
        .timed("pingpong_async_stream_200k") {
            let (there, toEcho) = AsyncStream<Int>.makeStream()
            let (back, toCaller) = AsyncStream<Int>.makeStream()
            let echo = Task {
                for await value in there { toCaller.yield(value) }
            }
            var replies = back.makeAsyncIterator()
            for index in 0..<200_000 {
                toEcho.yield(index)
                let value = await replies.next()
                precondition(value == index)
            }
            toEcho.finish()
            await echo.value
        },
        .timed("semaphore_uncontended_1m") {
            let semaphore = AsyncSemaphore(permits: 1)
            for _ in 0..<1_000_000 {
                try await semaphore.acquire()
                try semaphore.release()
            }
        },
        .timed("semaphore_contended_640k") { try await contended { await Task.yield() } },
        .timed("semaphore_contended_pool_640k", needsPool: true) {
            try await contended { await ThreadPool.yield() }
        },
        .timed("mpmc_4x4_2m") {
            let channel = BoundedChannel<Int>(capacity: 1_024)
            let producers = (0..<4).map { _ in
                Task {
                    for index in 0..<500_000 { try await channel.write(index) }
                }
            }
            let consumers = (0..<4).map { _ in
                Task {
                    var sum = 0
                    for try await value in channel { sum += value }
                    return sum
                }
            }
            for producer in producers { try await producer.value }
            try channel.complete()
            var sum = 0
            for consumer in consumers { sum += try await consumer.value }
            precondition(sum == 4 * (500_000 * 499_999 / 2))
        },
        .timed("cancel_register_1m") {
            for _ in 0..<1_000_000 {
                let source = CancellationTokenSource()
                let registration = source.token.register {}
                precondition(registration.unregister())
            }
        },
        .perItem("channel_64_1m", 1_000_000) { count in
            let channel = BoundedChannel<Int>(capacity: 64)
            let writer = Task {
                for index in 0..<count { try await channel.write(index) }
                try channel.complete()
            }
            var sum = 0
            for try await value in channel { sum += value }
            try await writer.value
            precondition(sum == count * (count - 1) / 2)
        },
        // What the field has for two tasks: a rendezvous.
        .perItem("async_algorithms_channel_200k", 200_000) { count in
            let channel = AsyncChannel<Int>()
            let writer = Task {
                for index in 0..<count { await channel.send(index) }
                channel.finish()
            }
            var sum = 0
            for await value in channel { sum += value }
            await writer.value
            precondition(sum == count * (count - 1) / 2)
        },
    ]

    private static func contended(_ giveWay: @escaping @Sendable () async -> Void) async throws {
        let semaphore = AsyncSemaphore(permits: 8)
        let tasks = (0..<64).map { _ in
            Task {
                for _ in 0..<10_000 {
                    try await semaphore.acquire()
                    await giveWay()
                    try semaphore.release()
                }
            }
        }
        for task in tasks { try await task.value }
    }
}
