#if Batch
import Concerto
import ConcertoTesting
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct WorkerCrewTests {
    private struct Counts: Sendable {
        var rows = 0
        var working = 0
        var mostWorking = 0
        var live = 0
        var mostLive = 0
        var stopped = 0
        var cancelledCalls = 0
        var calls = 0
    }

    @Test func aParkedWorkerMakesRoomForNewRowsAndGoesFirstWhenItComesBack() async {
        let log = Shared<[String]>([])
        let (first, second) = (Latch(), Latch())
        let rows = Shared(0)
        let crew = WorkerCrew(slots: 1, limit: 3) { crew, worker in
            while crew.continues(worker) {
                rows.change { $0 += 1 }
                let row = rows.value
                guard row <= 3 else { return crew.inputEnded() }
                log.change { $0.append("begin \(row)") }
                if row == 1 {
                    crew.park(worker)
                    try? await first.wait()
                    log.change { $0.append("wants") }
                    await crew.unpark(worker)
                } else if row == 2 {
                    first.open()
                    try? await second.wait()
                }
                log.change { $0.append("end \(row)") }
                await crew.unpark(worker)
            }
        }
        async let run: Void = crew.run()
        await until { log.value.contains("wants") }
        // It stands in the queue as soon as it cannot have gone on.
        for _ in 0..<1_000 { await Task.yield() }
        second.open()
        await run
        #expect(log.value == ["begin 1", "begin 2", "wants", "end 2", "end 1", "begin 3", "end 3"])
    }

    @Test func aCrewWithoutRowsEnds() async {
        let crew = WorkerCrew(slots: 8, limit: 20) { crew, _ in crew.inputEnded() }
        await crew.run()
    }

    @Test func drainingBeforeTheStartEndsAtOnce() async {
        let began = Shared(0)
        let crew = WorkerCrew(slots: 4, limit: 8) { crew, worker in
            if crew.continues(worker) { began.change { $0 += 1 } }
        }
        crew.drain()
        await crew.run()
        #expect(began.value == 0)
    }

    @Test func drainingLetsCallsFinishAndStopsTheRest() async {
        let (call, ids) = (Latch(), Shared(0))
        let log = Shared<Set<String>>([])
        let crew = WorkerCrew(slots: 2, limit: 4) { crew, worker in
            ids.change { $0 += 1 }
            switch ids.value {
            case 1:
                try? crew.beginCall(worker)
                do { try await call.wait() } catch { log.change { _ = $0.insert("call cancelled") } }
                crew.endCall(worker)
                log.change { _ = $0.insert("call ended, cancelled \(Task.isCancelled)") }
            default:
                do { try await Latch().wait() } catch { log.change { _ = $0.insert("waiter cancelled") } }
                #expect(throws: CancellationError.self) { try crew.beginCall(worker) }
            }
        }
        async let run: Void = crew.run()
        await until { ids.value == 2 }
        for _ in 0..<1_000 { await Task.yield() }
        crew.drain()
        await until { log.value.contains("waiter cancelled") }
        call.open()
        await run
        #expect(log.value == ["waiter cancelled", "call ended, cancelled true"])
    }

    @Test func cancellingStopsCallsToo() async {
        let began = Flag()
        let cancelled = Flag()
        let crew = WorkerCrew(slots: 1, limit: 1) { crew, worker in
            try? crew.beginCall(worker)
            began.set()
            do { try await Latch().wait() } catch { cancelled.set() }
            crew.endCall(worker)
        }
        async let run: Void = crew.run()
        await until { began.isSet }
        crew.cancelAll()
        await run
        #expect(cancelled.isSet)
    }

    /// Rows that call, wait and come back at random; sometimes the crew is drained or cancelled in between. Never
    /// more than the slots work, never more than the limit live, nobody hangs, and without a drain every row is done.
    @Test func underStressTheBoundsHoldAndEverybodyEnds() async {
        var random = seededRandom()
        for round in 0..<60 {
            let slots = Int.random(in: 1...6, using: &random)
            let limit = slots + Int.random(in: 0...10, using: &random)
            let total = 150
            let draws = (0..<total).map { _ in (0..<6).map { _ in Int.random(in: 0..<5, using: &random) } }
            let drainsAt = round % 3 == 0 ? nil : Int.random(in: 0..<total, using: &random)
            let counts = Shared(Counts())
            let crew = WorkerCrew(slots: slots, limit: limit) { crew, worker in
                counts.change {
                    $0.live += 1
                    $0.mostLive = max($0.mostLive, $0.live)
                }
                func enter() {
                    counts.change {
                        $0.working += 1
                        $0.mostWorking = max($0.mostWorking, $0.working)
                    }
                }
                func leave() { counts.change { $0.working -= 1 } }
                enter()
                rows: while crew.continues(worker) {
                    var row = 0
                    counts.change {
                        row = $0.rows
                        $0.rows += 1
                    }
                    if row == drainsAt { row % 2 == 0 ? crew.drain() : crew.cancelAll() }
                    guard row < total else {
                        crew.inputEnded()
                        break
                    }
                    for draw in draws[row] {
                        switch draw {
                        case 0:
                            leave()
                            crew.park(worker)
                            await Task.yield()
                            await crew.unpark(worker)
                            enter()
                        case 1: await Task.yield()
                        default:
                            guard (try? crew.beginCall(worker)) != nil else {
                                counts.change { $0.stopped += 1 }
                                break rows
                            }
                            counts.change { $0.calls += 1 }
                            if draw == 2 { await Task.yield() }
                            crew.endCall(worker)
                        }
                    }
                }
                leave()
                counts.change { $0.live -= 1 }
            }
            await crew.run()
            let result = counts.value
            #expect(result.working == 0 && result.live == 0)
            #expect(result.mostWorking <= slots && result.mostLive <= max(slots, limit))
            if drainsAt == nil { #expect(result.rows >= total) }
        }
    }
}
#endif
