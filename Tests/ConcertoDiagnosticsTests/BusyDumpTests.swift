#if os(Linux)
import Concerto
import ConcertoRuntime
import Foundation
import TestSupport
import Testing

@testable import ConcertoDiagnostics

/// Dumps beside tasks that never stand still. `CONCERTO_SOAK=30` goes on for 30 seconds instead of 20 dumps.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BusyDumpTests {
    private actor Counter {
        var count = 0
        func add() { count += 1 }
    }

    private static func hop(_ number: Int, _ counter: Counter, _ end: Flag) async {
        while !end.isSet {
            switch number % 4 {
            case 0: await Task.yield()
            case 1: await counter.add()
            case 2:
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 { group.addTask { await Task.yield() } }
                }
            default:
                try? await Task.sleep(for: .microseconds(50))
                async let one: Void = counter.add()
                await one
            }
        }
    }

    @Test func `D13: dumps beside 2,000 busy tasks hold no impossible frame`() async throws {
        let pool = try ThreadPool(.init(minThreads: 2, name: "busy"))
        let (counter, end) = (Counter(), Flag())
        let tasks = (0..<2_000).map { number in
            Task(name: "busy", executorPreference: pool) { await Self.hop(number, counter, end) }
        }
        let seconds = ProcessInfo.processInfo.environment["CONCERTO_SOAK"].flatMap(Double.init) ?? 0
        let begun = SystemFile.now
        var dumps = 0
        var moving = 0
        var read = 0
        while dumps < 20 || SystemFile.now < begun + seconds {
            let dump = TaskDump.capture()
            // Of its own tasks: what other tests of this process do meanwhile is not its affair.
            let busy = dump.named("busy")
            #expect(busy.count <= 2_000)
            #expect(busy.filter { $0.stack.map { dump.stacks[$0].isCut } == true }.isEmpty)
            dumps += 1
            read += dump.tasks.count
            moving += Int(dump.cost.moving)
            try Task.checkCancellation()
            await Task.yield()
        }
        if seconds > 0 { print("\(dumps) dumps, \(read) tasks read, of which \(moving) never stood still") }
        end.set()
        for task in tasks { await task.value }
        await pool.shutdown()
    }
}
#endif
