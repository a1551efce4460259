import Concerto
import ConcertoRuntime

/// The samples that a dashboard shows: the last ten minutes, and every thirtieth of the six hours before them.
///
/// Counters are absolute, so that nothing is lost where samples are left out. Each sample is an event with a number of its
/// own in a run of its own: who comes back says which it has read, and gets none twice, also when another process answers
/// at the same address by then.
package final class DashboardHistory: Sendable {
    /// How far somebody has read.
    package struct Position: Sendable, Equatable {
        package var run: String
        package var sequence: Int

        package init(run: String, sequence: Int) { (self.run, self.sequence) = (run, sequence) }

        /// What an event is called: `RUN-SEQUENCE`; `nil` for anything else, which is nobody's.
        package init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 32, let sequence = Int(parts[1]),
                sequence >= 0
            else { return nil }
            self.init(run: String(parts[0]), sequence: sequence)
        }
    }

    /// Events for a reader, and how far it has read with them.
    package struct Page: Sendable {
        package var bytes: [UInt8]
        package var position: Position
    }

    private struct Entry {
        var sequence: Int
        var event: [UInt8]
    }

    private struct State {
        var coarse: [Entry] = []
        var fine: [Entry] = []
        var bytes = 0
        var latest: DiagnosticsSample?
    }

    /// Samples that are kept one by one; at one a second, ten minutes.
    static let mostFine = 600
    /// Samples that are kept of those before, one of `step`.
    static let mostCoarse = 720
    static let step = 30
    /// Rows of a sample that are kept.
    static let mostRows = 256

    /// Tells this run from others, of other processes too.
    package let run: String
    private let mostBytes: Int
    private let state = Guarded(State())

    /// - Parameter mostBytes: What all samples may take together; the oldest go first.
    package init(mostBytes: Int = 8 << 20) {
        run = String(UInt64.random(in: 0x1000_0000_0000_0000 ... .max), radix: 16)
        self.mostBytes = mostBytes
    }

    /// Keeps a sample. Its number must be above that of the one before.
    package func add(_ sample: DiagnosticsSample) {
        var sample = sample
        if sample.rows.count > Self.mostRows { sample.rows.removeSubrange(Self.mostRows...) }
        // Written before the lock, and once for all readers.
        let event = Array("id: \(run)-\(sample.sequence)\nevent: sample\ndata: \(sample.json)\n\n".utf8)
        let entry = Entry(sequence: sample.sequence, event: event)
        state.withLock { [sample] state in
            state.latest = sample
            state.fine.append(entry)
            state.bytes += event.count
            if state.fine.count > Self.mostFine {
                let old = state.fine.removeFirst()
                if old.sequence % Self.step == 0 { state.coarse.append(old) } else { state.bytes -= old.event.count }
            }
            if state.coarse.count > Self.mostCoarse { state.bytes -= state.coarse.removeFirst().event.count }
            while state.bytes > mostBytes, state.coarse.count + state.fine.count > 1 {
                let old = state.coarse.isEmpty ? state.fine.removeFirst() : state.coarse.removeFirst()
                state.bytes -= old.event.count
            }
        }
    }

    /// The sample before this moment; `nil` before the first.
    package var latest: DiagnosticsSample? { state.withLock { $0.latest } }

    /// What somebody has not read; `nil` if there is nothing.
    ///
    /// - Parameters:
    ///   - position: How far it has read; of another run, or `nil`, it has read nothing.
    ///   - bytes: No further event is begun after so many.
    package func events(after position: Position?, atMost bytes: Int) -> Page? {
        let read = position.flatMap { $0.run == run ? $0.sequence : nil } ?? 0
        return state.withLock { state in
            var page = Page(bytes: [], position: Position(run: run, sequence: read))
            // From the new end: who is up to date, as nearly everybody is, walks over one entry.
            let newer = state.fine.reversed().prefix { $0.sequence > read }.count
            let older = newer == state.fine.count ? state.coarse.drop { $0.sequence <= read } : []
            for entry in [older, state.fine.suffix(newer)].joined() {
                if page.bytes.count >= bytes { break }
                page.bytes += entry.event
                page.position.sequence = entry.sequence
            }
            return page.bytes.isEmpty ? nil : page
        }
    }

    /// Comes first in a stream: how long a reader waits before it connects again.
    package static let greeting = Array("retry: 2000\n\n".utf8)
    /// Comes last: the process is about to end, and need not be asked again.
    package static let farewell = Array("event: end\ndata: {}\n\n".utf8)
}
