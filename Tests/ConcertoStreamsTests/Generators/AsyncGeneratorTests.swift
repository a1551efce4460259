import Concerto
import ConcertoRuntime
import ConcertoStreams
import TestSupport
import Testing

private struct Broken: Error {}

/// The rows of the table of what a generator does, cases 104 to 116.
@Suite struct AsyncGeneratorTests {
    private func counting(_ log: Log, to last: Int = 10) -> AsyncGenerator<Int> {
        AsyncGenerator { yield in
            defer { log.add("defer") }
            for number in 1...last {
                log.add("make \(number)")
                try await yield(number)
            }
        }
    }

    @Test func `104: a loop gets the elements in order, and nothing runs before its first next`() async throws {
        let log = Log()
        let numbers = counting(log, to: 3)
        let iterator = numbers.makeAsyncIterator()
        #expect(log.entries.isEmpty)
        #expect(try await iterator.next() == 1)
        #expect(log.entries == ["make 1"])
        #expect(try await iterator.next() == 2)
        #expect(try await iterator.next() == 3)
        #expect(log.entries == ["make 1", "make 2", "make 3"])
        #expect(try await iterator.next() == nil)
        #expect(try await iterator.next() == nil)
        #expect(log.entries.last == "defer")
    }

    @Test func `104: the body's defer runs before the statement after a loop that breaks`() async throws {
        let log = Log()
        for try await number in counting(log) {
            log.add("got \(number)")
            if number == 2 { break }
        }
        log.add("after loop")
        #expect(log.entries == ["make 1", "got 1", "make 2", "got 2", "defer", "after loop"])
    }

    @Test func `105: the body's defer runs before the catch of a loop that throws, and before what follows a return`()
        async throws
    {
        let log = Log()
        do {
            for try await _ in counting(log) { throw Broken() }
        } catch is Broken { log.add("catch") }
        #expect(log.entries == ["make 1", "defer", "catch"])
        func first() async throws -> Int {
            for try await number in counting(log) { return number }
            return 0
        }
        #expect(try await first() == 1)
        log.add("returned")
        #expect(log.entries.suffix(3) == ["make 1", "defer", "returned"])
    }

    @Test(arguments: [1, 4]) func `106: what the body throws comes after its elements, once`(ahead: Int) async throws {
        let failing = try AsyncGenerator<Int>(ahead: ahead) { yield in
            try await yield(1)
            try await yield(2)
            throw Broken()
        }
        let iterator = failing.makeAsyncIterator()
        #expect(try await iterator.next() == 1)
        #expect(try await iterator.next() == 2)
        await #expect(throws: Broken.self) { try await iterator.next() }
        #expect(try await iterator.next() == nil)
    }

    @Test func `107: a body that ignores the error of yield gets it again and delivers nothing`() async throws {
        let log = Log()
        let stubborn = AsyncGenerator<Int> { yield in
            for number in 1...4 {
                do { try await yield(number) } catch { log.add("\(number) \(error is CancellationError)") }
            }
            log.add("end")
        }
        for try await _ in stubborn { break }
        #expect(log.entries == ["1 true", "2 true", "3 true", "4 true", "end"])
    }

    @Test func `108: clean-up that awaits without suspending is over before the statement after the loop`() async throws
    {
        actor Free { func touch() {} }
        let free = Free()
        let log = Log()
        let generator = AsyncGenerator<Int> { yield in
            do { try await yield(1) } catch {
                await free.touch()
                try? await Task.sleep(for: .seconds(100))
                log.add("cleaned up")
                throw error
            }
        }
        for try await _ in generator { break }
        log.add("after loop")
        // The actor is free, and a cancelled sleep does not sleep, but on Swift's executor that hop is a real one.
        await until { log.entries.count == 2 }
        #expect(Set(log.entries) == ["cleaned up", "after loop"])
    }

    @Test func `109: clean-up that suspends is awaited by forEach, and goes on by itself after a loop`() async throws {
        let log = Log()
        let gate = Latch()
        let generator = AsyncGenerator<Int> { yield in
            do { try await yield(1) } catch {
                await withTaskCancellationShield { try? await gate.wait() }
                log.add("cleaned up")
                throw error
            }
        }
        for try await _ in generator { break }
        log.add("after loop")
        #expect(log.entries == ["after loop"])
        gate.open()
        await until { log.entries.count == 2 }
        #expect(log.entries == ["after loop", "cleaned up"])
        await #expect(throws: Broken.self) { try await generator.forEach { _ in throw Broken() } }
        log.add("after forEach")
        #expect(log.entries.suffix(2) == ["cleaned up", "after forEach"])
    }

    @Test func `110: a cancelled loop cancels a body that sleeps, and its defers have run when the loop throws`() async
    {
        let log = Log()
        let generator = AsyncGenerator<Int> { yield in
            defer { log.add("defer") }
            log.add("sleeps")
            try await Task.sleep(for: .seconds(1_000))
            try await yield(1)
        }
        let task = Task {
            do { for try await _ in generator {} } catch {
                log.add("\(error is CancellationError)")
                throw error
            }
        }
        await until { log.entries.contains("sleeps") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(log.entries == ["sleeps", "defer", "true"])
    }

    @Test func `110: a loop in a cancelled task throws and runs nothing`() async {
        let log = Log()
        let generator = counting(log)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            for try await _ in generator {}
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(log.entries.isEmpty)
    }

    private enum Local { @TaskLocal static var name = "none" }

    @Test func `111: task-local values are those of the place where the iteration began`() async throws {
        let generator = AsyncGenerator<String> { yield in
            try await yield(Local.name)
            await Task.yield()
            try await yield(Local.name)
        }
        let iterator = Unchecked(generator.makeAsyncIterator())
        let first = try await Local.$name.withValue("begin") { try await iterator.value.next() }
        let second = try await Local.$name.withValue("later") { try await iterator.value.next() }
        #expect(first == "begin")
        #expect(second == "begin")
    }

    @Test func `112: async let and groups in the body work, two iterations are two bodies`() async throws {
        let generator = AsyncGenerator<Int> { yield in
            async let one = Task.detached { 1 }.value
            async let two = Task.detached { 2 }.value
            try await yield(one + two)
            let sum = await withTaskGroup(of: Int.self) { group in
                for number in 1...10 { group.addTask { number } }
                return await group.reduce(0, +)
            }
            try await yield(sum)
        }
        let (first, second) = (generator.makeAsyncIterator(), generator.makeAsyncIterator())
        #expect(try await first.next() == 3)
        #expect(try await second.next() == 3)
        #expect(try await second.next() == 55)
        #expect(try await first.next() == 55)
        #expect(try await first.next() == nil)
        #expect(try await second.next() == nil)
    }

    @MainActor @Test func `113: in a loop on the main actor the body runs there until it suspends`() async throws {
        let generator = AsyncGenerator<UInt> { yield in
            try await yield(threadNumber())
            try await yield(threadNumber())
        }
        for try await thread in generator { #expect(thread == threadNumber()) }
    }

    @Test(arguments: [1, 2, 16]) func `113: with real suspensions in between every element comes once`(ahead: Int)
        async throws
    {
        let generator = try AsyncGenerator<Int>(ahead: ahead) { yield in
            for number in 0..<3_000 {
                if number.isMultiple(of: 100) { await Task.detached {}.value }
                try await yield(number)
            }
        }
        var next = 0
        for try await number in generator {
            #expect(number == next)
            next += 1
        }
        #expect(next == 3_000)
    }

    @Test(arguments: [1, 3]) func `113: two hundred generators at once, all left early, all clean up`(ahead: Int)
        async throws
    {
        let ended = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for leaveAfter in 1...200 {
                group.addTask {
                    let generator = try AsyncGenerator<Int>(ahead: ahead) { yield in
                        defer { ended.increment() }
                        for number in 1... {
                            if number.isMultiple(of: 7) { await Task.yield() }
                            try await yield(number)
                        }
                    }
                    var count = 0
                    for try await number in generator {
                        count += 1
                        #expect(number == count)
                        if count == leaveAfter { break }
                    }
                }
            }
            try await group.waitForAll()
        }
        await until { ended.value == 200 }
        #expect(ended.value == 200)
    }

    @Test func `114: a generator whose iterator goes before its first next never runs its body`() async throws {
        let log = Log()
        do { _ = counting(log).makeAsyncIterator() }
        #expect(log.entries.isEmpty)
    }

    @Test func `115: two nexts at once on one iteration end the program with a message`() async {
        await #expect(processExitsWith: .failure) {
            let never = Latch()
            let iterator = Unchecked(
                AsyncGenerator<Int> { yield in
                    try await never.wait()
                    try await yield(1)
                }.makeAsyncIterator())
            async let one = Task.detached { try await iterator.value.next() }.value
            async let two = Task.detached { try await iterator.value.next() }.value
            _ = try await (one, two)
        }
    }

    private func nested(_ depth: Int) -> AsyncGenerator<Int> {
        AsyncGenerator { yield in
            guard depth > 0 else {
                try await yield(1)
                try await yield(2)
                return
            }
            for try await number in nested(depth - 1) { try await yield(number) }
        }
    }

    @Test(arguments: [3, 99, 101, 1_000, 100_000])
    func `116: generators nest to any depth, and are left from any depth`(depth: Int) async throws {
        var sum = 0
        for try await number in nested(depth) { sum += number }
        #expect(sum == 3)
        for try await number in nested(Swift.min(depth, 1_000)) {
            #expect(number == 1)
            break
        }
    }

    @Test func `an ahead of 4 runs the body four yields early, and not further`() async throws {
        let log = Log()
        let generator = try AsyncGenerator<Int>(ahead: 4) { yield in
            for number in 1...20 {
                log.add("\(number)")
                try await yield(number)
            }
        }
        let iterator = generator.makeAsyncIterator()
        #expect(try await iterator.next() == 1)
        #expect(log.entries == ["1", "2", "3", "4"])
        for number in 2...4 { #expect(try await iterator.next() == number) }
        #expect(log.entries.count == 4)
        #expect(try await iterator.next() == 5)
        #expect(log.entries.count == 8)
        #expect(throws: ArgumentError.self) { try AsyncGenerator<Int>(ahead: 0) { _ in } }
    }

    @Test func `forEach pushes in order, and its closure's error comes out although the body catches it`() async throws
    {
        let log = Log()
        let generator = AsyncGenerator<Int> { yield in
            for number in 1...3 {
                do { try await yield(number) } catch { log.add("\(type(of: error))") }
            }
        }
        try await generator.forEach { log.add("\($0)") }
        #expect(log.entries == ["1", "2", "3"])
        await #expect(throws: Broken.self) {
            try await generator.forEach { number in
                log.add("got \(number)")
                throw Broken()
            }
        }
        #expect(log.entries.suffix(4) == ["got 1", "Broken", "Broken", "Broken"])
    }

    @MainActor @Test func `forEach on an actor stays there, body and closure`() async throws {
        var count = 0
        let generator = AsyncGenerator<UInt> { yield in for _ in 0..<3 { try await yield(threadNumber()) } }
        try await generator.forEach { thread in
            MainActor.assertIsolated()
            #expect(thread == threadNumber())
            count += 1
        }
        #expect(count == 3)
    }

    #if compiler(>=6.3) && compiler(<6.4)
    @Test func `on this compiler the self-test finds that steps run in place`() {
        #expect(InPlaceExecution.isInPlace)
    }
    #endif
}
