#if Batch
import Concerto
import Dispatch

/// Hands the rows of the input to many workers, in order, each once.
///
/// Reading blocks (a pipe may be silent for minutes), so it happens on a dispatch queue of its own, never on the
/// threads that run tasks. At most one chunk is read ahead, and only while somebody waits for a row.
final class RowSource: Sendable {
    typealias Item = Result<BatchRow, InvalidRow>
    private typealias Waiter = UnsafeContinuation<Line?, any Error>

    private struct Line: Sendable {
        var bytes: [UInt8]
        var number: Int
        var lineNumber: Int
    }

    private struct State {
        var reader: LineReader
        var rows = 0
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

    init(input: InputFile, parser: RowParser, limit: Int? = nil) {
        self.limit = limit
        state = Guarded(State(reader: input.reader()))
        self.input = input
        self.parser = parser
    }

    /// The next row, or `nil` at the end of the input or after ``close()``.
    ///
    /// Cancellation is not observed: ``close()`` ends all waits.
    ///
    /// - Parameter willWait: Called if the input has nothing yet.
    func next(willWait: () -> Void = {}) async throws -> Item? {
        let ready = state.withLock { state in take(&state) }
        let line: Line?
        switch ready {
        case .line(let found): line = found
        case .end: line = nil
        case .failed(let error): throw error
        case .empty:
            willWait()
            line = try await wait()
        }
        guard let line else { return nil }
        return parser.parse(line.bytes[...], number: line.number, lineNumber: line.lineNumber)
    }

    /// Ends the input: every later ``next()`` returns `nil`, and so does every waiting one.
    func close() {
        let waiters = state.withLock { state in
            state.ended = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    private enum Taken {
        case line(Line)
        case empty
        case end
        case failed(any Error)
    }

    private func take(_ state: inout State) -> Taken {
        if let failure = state.failure { return .failed(failure) }
        if state.ended || state.rows == limit { return .end }
        // While the queue fills, the reader is out on loan.
        if state.filling { return .empty }
        do {
            while let bytes = try state.reader.buffered() {
                guard bytes.contains(where: { !$0.isJSONWhitespace }) else { continue }
                state.rows += 1
                return .line(Line(bytes: Array(bytes), number: state.rows, lineNumber: state.reader.lineNumber))
            }
            return .empty
        } catch {
            state.failure = error
            return .failed(error)
        }
    }

    private func wait() async throws -> Line? {
        try await withUnsafeThrowingContinuation { (waiter: Waiter) in
            let outcome = state.withLock { state -> (taken: Taken, fills: Bool) in
                // Between `take` and here a fill may have ended: look again, or this waiter would wait for the next.
                let taken = take(&state)
                guard case .empty = taken else { return (taken, false) }
                state.waiters.append(waiter)
                defer { state.filling = true }
                return (.empty, !state.filling)
            }
            switch outcome.taken {
            case .line(let line): waiter.resume(returning: line)
            case .end: waiter.resume(returning: nil)
            case .failed(let error): waiter.resume(throwing: error)
            case .empty: if outcome.fills { queue.async { self.fill() } }
            }
        }
    }

    /// Reads until every waiter has a line. Runs on `queue`, one at a time: `filling` is set.
    private func fill() {
        // Taken out, not copied: the reader's buffer has one owner, and `filling` keeps the others away.
        var reader = state.withLock { state in
            defer { state.reader = LineReader(descriptor: -1) }
            return state.reader
        }
        var end = false
        var failure: (any Error)?
        do {
            end = try !reader.fill()
        } catch {
            failure = error
        }
        let (deliveries, again) = state.withLock { state -> ([(Waiter, Taken)], Bool) in
            state.reader = reader
            state.failure = state.failure ?? failure
            state.filling = false
            var deliveries: [(Waiter, Taken)] = []
            while !state.waiters.isEmpty {
                var taken = take(&state)
                if case .empty = taken {
                    guard end else { break }
                    state.ended = true
                    taken = .end
                }
                deliveries.append((state.waiters.removeFirst(), taken))
            }
            state.filling = !state.waiters.isEmpty
            return (deliveries, state.filling)
        }
        for (waiter, taken) in deliveries {
            switch taken {
            case .line(let line): waiter.resume(returning: line)
            case .failed(let error): waiter.resume(throwing: error)
            case .end, .empty: waiter.resume(returning: nil)
            }
        }
        if again { queue.async { self.fill() } }
    }
}
#endif
