import Testing

@testable import ConcertoRuntime

@Suite struct PendingTimerTests {
    /// A timer that fires when the test says so.
    final class Handle: ScheduledTimer {
        enum Phase { case set, cancelled, fired }

        let request: PendingTimer.Request
        let phase = Guarded(Phase.set)

        init(_ request: PendingTimer.Request) { self.request = request }

        var isSet: Bool { phase.withLock { $0 == .set } }

        func cancel() -> Bool {
            phase.withLock { phase in
                guard phase == .set else { return false }
                phase = .cancelled
                return true
            }
        }
    }

    /// One run of a host, some threads that ask for other times or for none, and a clock that fires at any moment.
    ///
    /// Each thread goes on by one step at a time: what happens under a lock is one step, so is what happens outside.
    struct Run {
        enum Thread {
            case wants(Int64)
            case withdraws
            case hasChange(PendingTimer.Change, PendingTimer.Request?)
            case hasSet(Handle)
            case acts(Handle)
            case isDone
        }

        var host = PendingTimer()
        var threads: [Thread]
        var handles: [Handle] = []
        var actions: [PendingTimer.Request] = []

        /// What may happen next: a thread goes on, or the clock fires a timer.
        var choices: Int {
            runnable.count + handles.count { $0.isSet }
        }

        private var runnable: [Int] {
            threads.indices.filter { if case .isDone = threads[$0] { false } else { true } }
        }

        mutating func step(_ choice: Int) {
            let runnable = self.runnable
            guard choice < runnable.count else {
                let handle = handles.filter(\.isSet)[choice - runnable.count]
                handle.phase.withLock { $0 = .fired }
                threads.append(.acts(handle))
                return
            }
            let index = runnable[choice]
            switch threads[index] {
            case .wants(let instant):
                let change = host.request(at: TimerInstant(nanoseconds: instant))
                threads[index] = .hasChange(change, host.request)
            case .withdraws:
                threads[index] = .hasChange(host.withdraw(), nil)
            case .hasChange(let change, let request):
                change.cancelStale()
                threads[index] = .isDone
                if let request {
                    handles.append(Handle(request))
                    threads[index] = .hasSet(handles.last!)
                }
            case .hasSet(let handle):
                if !host.keep(handle, for: handle.request) { _ = handle.cancel() }
                threads[index] = .isDone
            case .acts(let handle):
                let stood = host.request
                let acts = host.fire(handle.request)
                #expect(acts == (stood == handle.request), "a timer acts for the request that stands, and no other")
                if acts { actions.append(handle.request) }
                threads[index] = .isDone
            case .isDone: break
            }
        }

        /// What must hold once every change has been performed, whether or not more timers fire.
        func checkRest() {
            guard runnable.isEmpty else { return }
            let set = handles.filter(\.isSet).map(\.request)
            #expect(set == (host.request.map { [$0] } ?? []), "one timer for the request that stands, and no other")
            for request in actions { #expect(actions.filter { $0 == request }.count == 1) }
        }
    }

    @Test(arguments: [
        [Run.Thread.wants(1), .wants(1)], [.wants(1), .withdraws], [.wants(2), .wants(1), .withdraws],
        [.wants(1), .withdraws, .withdraws], [.wants(1), .wants(2)],
    ])
    func `in every order of steps there is one timer for the request that stands`(_ threads: [Run.Thread]) {
        var path: [(choice: Int, choices: Int)] = []
        var orders = 0
        repeat {
            var run = Run(threads: threads)
            var depth = 0
            while run.choices > 0 {
                if depth == path.count { path.append((0, run.choices)) }
                run.step(path[depth].choice)
                run.checkRest()
                depth += 1
            }
            orders += 1
            // The next order: the last step that has another choice takes it, and what follows begins anew.
            while let last = path.popLast() {
                guard last.choice + 1 < last.choices else { continue }
                path.append((last.choice + 1, last.choices))
                break
            }
        } while !path.isEmpty
        #expect(orders >= 20)
    }

    @Test func `a request for the same instant is another request`() throws {
        var timer = PendingTimer()
        _ = timer.request(at: TimerInstant(nanoseconds: 5))
        let first = try #require(timer.request)
        _ = timer.request(at: TimerInstant(nanoseconds: 5))
        let second = try #require(timer.request)
        let isKept = timer.keep(Handle(first), for: first)
        let acts = timer.fire(first)
        #expect(!isKept && !acts)
        let answers = [timer.fire(second), timer.fire(second)]
        #expect(answers == [true, false], "a request is done when it has fired once")
    }

    @Test func `a withdrawal between the two locks leaves no timer behind`() {
        var timer = PendingTimer()
        let change = timer.request(at: TimerInstant(nanoseconds: 1))
        let clock = OneShotClock(request: timer.request!)
        clock.perform(change) { _ in
        } keep: { handle, request in
            timer.withdraw().cancelStale()
            return timer.keep(handle, for: request)
        }
        #expect(clock.handles.count == 1)
        #expect(clock.handles.allSatisfy { !$0.isSet })
    }

    /// Keeps what it is asked to set for `request`.
    final class OneShotClock: TimerClock {
        private let all = Guarded<[Handle]>([])
        private let request: PendingTimer.Request
        var handles: [Handle] { all.withLock { $0 } }
        var now: TimerInstant { TimerInstant(nanoseconds: 0) }
        var minimumResolution: Duration { .nanoseconds(1) }

        init(request: PendingTimer.Request) { self.request = request }

        func schedule(at deadline: TimerInstant, _ action: @escaping @Sendable () -> Void) -> any ScheduledTimer {
            let handle = Handle(request)
            all.withLock { $0.append(handle) }
            return handle
        }
    }
}
