import Concerto

/// One producer, four consumers, ten places between them. A consumer that fails ends the producer too: the scope of
/// the group cancels what waits in `write`.
func producerConsumers() async throws {
    let total = Total()
    try await withThrowingTaskGroup(of: Void.self) { group in
        let channel = BoundedChannel<Int>(capacity: 10)
        group.addTask {
            for number in 1...1_000 { try await channel.write(number) }  // waits while the channel is full
            try channel.complete()
        }
        for _ in 0..<4 {
            group.addTask { for try await number in channel { await total.add(number) } }
        }
        try await group.waitForAll()
    }
    print("sum of what the consumers got: \(await total.sum)")

    struct Broken: Error {}
    do {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let channel = BoundedChannel<Int>(capacity: 10)
            group.addTask { for number in 1... { try await channel.write(number) } }
            group.addTask {
                for try await number in channel where number == 100 { throw Broken() }
            }
            while try await group.next() != nil {}  // `waitForAll` would wait for the producer first
        }
    } catch {
        print("the endless producer has ended with its consumer: \(error)")
    }
}

actor Total {
    private(set) var sum = 0
    func add(_ number: Int) { sum += number }
}
