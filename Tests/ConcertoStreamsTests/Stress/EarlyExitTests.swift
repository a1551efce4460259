import Concerto
import ConcertoStreams
import ConcertoTesting
import Foundation
import TestSupport
import Testing

private struct Broken: Error {}

private typealias AnyStream = any AsyncSequence<Int, any Error> & Sendable

/// Loops over chains of three operators that are left early, at random: by `break`, by an error, by cancellation.
///
/// `CONCERTO_EARLY_EXITS=1000000` does more of them than CI has time for.
@Suite struct EarlyExitTests {
    private static let exits =
        ProcessInfo.processInfo.environment["CONCERTO_EARLY_EXITS"].flatMap(Int.init) ?? 2_000

    /// How many sources have been opened, and closed.
    private final class Sources: Sendable {
        let opened = Counter()
        let closed = Counter()
        /// Never moves: what is timed waits until it is left.
        let clock = ManualClock()

        /// A stream without an end, which suspends now and then.
        func endless() -> AsyncGenerator<Int> {
            AsyncGenerator { [self] yield in
                opened.increment()
                defer { closed.increment() }
                for number in 0... {
                    if number % 7 == 3 { await Task.yield() }
                    try await yield(number)
                }
            }
        }
    }

    private func apply<Base: AsyncSequence<Int, any Error> & Sendable>(
        _ kind: Int, to base: Base, _ sources: Sources
    ) throws -> AnyStream {
        switch kind {
        case 0: base.map { $0 &+ 1 }
        case 1: try base.buffered(4)
        case 2: merged(base, sources.endless())
        case 3: try base.concurrentMap(limit: 3) { $0 }
        case 4: try base.concurrentMap(limit: 3, ordered: false) { $0 }
        case 5: try base.timeout(.seconds(1), clock: sources.clock)
        case 6: try base.shared().subscribe()
        case 7: try base.chunks(of: 2, within: .seconds(1), clock: sources.clock).map { $0[0] }
        case 8: try base.flatMap(limit: 2) { _ in sources.endless() }
        case 9: base.materialized().dematerialized()
        case 10: base.conflated()
        case 11: zipped(base, sources.endless()).map { $0.0 }
        // These two may have nothing to give for as long as anybody waits.
        case 12: base.switchMap { _ in sources.endless() }
        default: try base.throttled(every: .seconds(1), clock: sources.clock)
        }
    }

    private func leave(_ stream: some AsyncSequence<Int, any Error>, after count: Int, throwing: Bool) async throws {
        var seen = 0
        for try await _ in stream {
            seen += 1
            if seen < count { continue }
            if throwing { throw Broken() }
            break
        }
    }

    private func openDescriptors(of path: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
        }.count
    }

    @Test func `early exits at random leave no task, no timer and no descriptor`() async throws {
        var random = seededRandom()
        let sources = Sources()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try Data(String(repeating: "x\n", count: 1_000).utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        for _ in 0..<Self.exits {
            var stream: AnyStream =
                Bool.random(using: &random) ? sources.endless() : try File(path).byteLines().map { $0.count }
            var way = Int.random(in: 0...2, using: &random)
            for _ in 0..<3 {
                let kind = Int.random(in: 0...13, using: &random)
                if kind >= 12 { way = 2 }
                stream = try apply(kind, to: stream, sources)
            }
            let (count, pauses) = (Int.random(in: 1...12, using: &random), Int.random(in: 0...20, using: &random))
            let (chain, isThrowing, isCancelled) = (stream, way == 1, way == 2)
            let task = Task { try await leave(chain, after: isCancelled ? .max : count, throwing: isThrowing) }
            if isCancelled {
                for _ in 0..<pauses { await Task.yield() }
                task.cancel()
            }
            if case .failure(let error) = await task.result { #expect(error is Broken || error is CancellationError) }
        }
        // Whoever was cancelled when its loop was left is on its way out.
        await until {
            sources.opened.value == sources.closed.value && sources.clock.pending == 0 && openDescriptors(of: path) == 0
        }
        #expect(sources.opened.value >= Self.exits / 4)
        #expect(sources.opened.value == sources.closed.value)
        #expect(sources.clock.pending == 0)
        #expect(openDescriptors(of: path) == 0)
    }
}
