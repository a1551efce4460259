#if Batch
import Concerto
import Dispatch

/// Hands the rows of the input to many workers, in order, each once.
///
/// Reading blocks (a pipe may be silent for minutes), so it happens on a dispatch queue of its own, never on the
/// threads that run tasks. At most one chunk is read ahead, and only while somebody waits for a row.
///
/// It also counts what the rows weigh that are held, and hands out no more while they weigh as much as they may: rows that
/// wait for a slow host take room, and the rest of it is for the rows of others. Where many rows of one host are held, those of
/// it that come next are set aside as the text that they are, which takes a hundredth of the room, so that the rows of other
/// hosts come through, whatever the order of the input (B47). They are handed out, in their order, as the host's rows end.
final class RowSource: RowFeed {
    typealias Item = Result<BatchRow, InvalidRow>
    private typealias Waiter = UnsafeContinuation<Line?, any Error>

    /// A row that somebody holds.
    struct Entry: Sendable {
        var item: Item
        /// What must be given back when it is held no more.
        var weight: Int
        /// Whose share it is a part of; `nil` for a row that is called nowhere.
        var host: String?
        /// Whether the input was written to since it was checked: the row may not be the one that was.
        var isSuspect: Bool
        /// What is known of the row, if the source knows it.
        var earlier: RowState?

        var identity: RowIdentity { item.identity }
    }

    /// Bytes that a row takes besides its text: its task, its place at a gate, its timers.
    static let rowWeight = 16 << 10
    /// A row's text stands in memory as a line, as parts of a call, and once more on its way out.
    private static let copies = 3

    private struct Line: Sendable {
        var record: InputRecord
        var number: Int
        var isSuspect: Bool

        /// The host that it was set aside for, and is counted under again.
        var host: String?

        /// What it takes while it is only text.
        var textWeight: Int { 128 + record.size }
        var weight: Int { RowSource.rowWeight + RowSource.copies * record.size }
    }

    private struct State {
        var reader: RowReader
        var rows = 0
        /// What the rows weigh that are held.
        var held = 0
        /// Rows that are held, by host.
        var hands: [String: Int] = [:]
        /// Rows that are set aside, by host, in order; `taken` of them have been handed out.
        var aside: [String: (lines: [Line], taken: Int)] = [:]
        var isSuspect = false
        var ended = false
        var failure: (any Error)?
        var filling = false
        var waiters: [Waiter] = []
    }

    private let state: Guarded<State>
    private let parser: RowParser
    private let queue = DispatchQueue(label: "concerto.batch.input")

    /// Keeps `input` open as long as rows are read from it.
    private let input: InputFile

    /// Rows after which the input ends, whatever has been appended since it was checked.
    private let limit: Int?
    /// The numbers of the rows that are handed out; `nil` for all.
    private let sample: Set<Int>?
    /// What rows may weigh while more are handed out; the last one may go beyond.
    private let room: Int
    /// Rows of one host that are held before others are set aside; `nil` for as many as there is room for.
    private let share: Int?
    /// The input as it was when it was checked.
    private let checked: FileVersion?

    init(
        input: InputFile, shape: InputShape = InputShape(), parser: RowParser, limit: Int? = nil,
        sample: Set<Int>? = nil, room: Int = .max, share: Int? = nil, checked: FileVersion? = nil
    ) {
        self.sample = sample
        self.share = share
        self.limit = limit
        self.room = room
        self.checked = checked
        state = Guarded(State(reader: RowReader(input, shape)))
        self.input = input
        self.parser = parser
    }

    /// Rows that have been handed out.
    var rows: Int { state.withLock { $0.rows } }

    /// The next row, or `nil` at the end of the input or after ``close()``.
    ///
    /// Cancellation is not observed: ``close()`` ends all waits.
    ///
    /// - Parameters:
    ///   - weight: What is given back of a row before.
    ///   - host: Whose share that was.
    ///   - willWait: Called if the input has nothing yet, or the rows that are held take all the room.
    func next(
        returning weight: Int = 0, of host: String? = nil, willWait: () -> Void = {}
    ) async throws -> Entry? {
        var (ready, deliveries) = state.withLock { state -> (Taken, Deliveries) in
            let deliveries = putBack(weight, of: host, &state)
            return (take(&state), deliveries)
        }
        perform(deliveries)
        while true {
            let line: Line?
            switch ready {
            case .line(let found): line = found
            case .end: line = nil
            case .failed(let error): throw error
            case .empty, .full:
                willWait()
                line = try await wait()
            }
            guard let line else { return nil }
            let item = parser.parse(line.record, number: line.number)
            if let entry = admit(item, line) { return entry }
            ready = state.withLock { take(&$0) }
        }
    }

    /// The row as one that is held, or `nil` if it has been set aside.
    private func admit(_ item: Item, _ line: Line) -> Entry? {
        var entry = Entry(item: item, weight: line.weight, host: line.host, isSuspect: line.isSuspect)
        guard line.host == nil, let share, case .success(let row) = item else { return entry }
        let isHeld = state.withLock { state in
            let free = (room - state.held) / Self.rowWeight / 2
            // Behind its own that wait already: rows of one host stay in order.
            guard state.aside[row.host] != nil || state.hands[row.host, default: 0] >= max(share, free) else {
                state.hands[row.host, default: 0] += 1
                return true
            }
            state.aside[row.host, default: ([], 0)].lines.append(line)
            state.held += line.textWeight - line.weight
            return false
        }
        entry.host = row.host
        return isHeld ? entry : nil
    }

    /// A row that was set aside, of a host that has room again.
    private func takeAside(_ state: inout State) -> Line? {
        for (host, queue) in state.aside {
            let free = (room - state.held) / Self.rowWeight / 2
            guard state.hands[host, default: 0] < max(share ?? .max, free) else { continue }
            var line = queue.lines[queue.taken]
            state.aside[host]?.taken += 1
            if queue.taken + 1 == queue.lines.count {
                state.aside[host] = nil
            } else if queue.taken >= 1_024, queue.taken > queue.lines.count / 2 {
                state.aside[host]?.lines.removeFirst(queue.taken + 1)
                state.aside[host]?.taken = 0
            }
            state.hands[host, default: 0] += 1
            state.held += line.weight - line.textWeight
            line.host = host
            return line
        }
        return nil
    }

    /// Gives back what a row weighed that nobody holds any more.
    func putBack(_ weight: Int, of host: String? = nil) {
        guard weight > 0 else { return }
        perform(state.withLock { state in putBack(weight, of: host, &state) })
    }

    /// Ends the input: every later ``next()`` returns `nil`, and so does every waiting one.
    func close() {
        let waiters = state.withLock { state in
            state.ended = true
            state.aside = [:]
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    private enum Taken {
        case line(Line)
        case empty
        /// There may be rows, but there is no room.
        case full
        case end
        case failed(any Error)
    }

    /// What is to be done outside the lock.
    private struct Deliveries {
        var lines: [(Waiter, Taken)] = []
        var fills = false
    }

    private func take(_ state: inout State) -> Taken {
        if let failure = state.failure { return .failed(failure) }
        if !state.aside.isEmpty, let line = takeAside(&state) { return .line(line) }
        // What is set aside comes when a row of its host has ended.
        if state.ended { return state.aside.isEmpty ? .end : .full }
        do {
            while state.rows != limit {
                if state.held >= room { return .full }
                // While the queue fills, the reader is out on loan.
                if state.filling { return .empty }
                guard let record = try state.reader.buffered() else { return .empty }
                state.rows += 1
                guard sample?.contains(state.rows) != false else { continue }
                let line = Line(record: record.owned, number: state.rows, isSuspect: state.isSuspect)
                state.held += line.weight
                return .line(line)
            }
            return state.aside.isEmpty ? .end : .full
        } catch {
            state.failure = error
            return .failed(error)
        }
    }

    private func putBack(_ weight: Int, of host: String?, _ state: inout State) -> Deliveries {
        state.held -= weight
        if let host, let held = state.hands[host] { state.hands[host] = held > 1 ? held - 1 : nil }
        return weight > 0 ? deliver(&state) : Deliveries()
    }

    /// Gives those who wait what there is, and asks for more if nobody fills already.
    private func deliver(_ state: inout State) -> Deliveries {
        var deliveries = Deliveries()
        var served = 0
        while served < state.waiters.count {
            let taken = take(&state)
            switch taken {
            case .empty: deliveries.fills = !state.filling
            case .full: break
            case .line, .end, .failed:
                deliveries.lines.append((state.waiters[served], taken))
                served += 1
                continue
            }
            break
        }
        state.waiters.removeFirst(served)
        if deliveries.fills { state.filling = true }
        return deliveries
    }

    private func perform(_ deliveries: Deliveries) {
        for (waiter, taken) in deliveries.lines {
            switch taken {
            case .line(let line): waiter.resume(returning: line)
            case .failed(let error): waiter.resume(throwing: error)
            case .end, .empty, .full: waiter.resume(returning: nil)
            }
        }
        if deliveries.fills { queue.async { self.fill() } }
    }

    private func wait() async throws -> Line? {
        try await withUnsafeThrowingContinuation { (waiter: Waiter) in
            perform(
                state.withLock { state in
                    // Between `take` and here a fill may have ended, or all of it been closed: look again, or this waiter
                    // would wait for the next fill, which a silent pipe never ends.
                    state.waiters.append(waiter)
                    return deliver(&state)
                })
        }
    }

    /// Reads a chunk, and more until every waiter has a line. Runs on `queue`, one at a time: `filling` is set.
    private func fill() {
        // Taken out, not copied: the reader's buffer has one owner, and `filling` keeps the others away.
        var reader = state.withLock { state in
            defer { state.reader = state.reader.lent }
            return state.reader
        }
        var end = false
        var failure: (any Error)?
        do {
            end = try !reader.fill()
        } catch {
            failure = error
        }
        let isSuspect = checked.map { $0 != input.version } ?? false
        perform(
            state.withLock { state in
                state.reader = reader
                state.failure = state.failure ?? failure
                state.isSuspect = state.isSuspect || isSuspect
                state.filling = false
                var deliveries = deliver(&state)
                if deliveries.fills, end {
                    state.ended = true
                    state.filling = false
                    deliveries.fills = false
                    guard state.aside.isEmpty else { return deliveries }
                    deliveries.lines += state.waiters.map { ($0, .end) }
                    state.waiters = []
                }
                return deliveries
            })
    }
}
#endif
