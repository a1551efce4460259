import AsyncAlgorithms
import Concerto
import ConcertoStreams
import Glibc

// Both packages are imported here: their names must not collide.

/// The rows of streams: ours, and swift-async-algorithms' beside it where it has the operator (`_aa_`).
extension Workload {
    private static let elements = 200_000

    /// As ``Workload/perItem(_:_:_:)``, and the processor time of the whole process, which a busy machine changes less.
    private static func stream(_ name: String, _ body: @escaping @Sendable (Int) async throws -> Void) -> Workload {
        Workload(name: name) {
            let (start, used) = (ContinuousClock.now, processorTime())
            do { try await body(elements) } catch { fatalError("a workload failed: \(error)") }
            let wall = (ContinuousClock.now - start).milliseconds
            let cpu = Double(processorTime() - used)
            return Outcome(
                milliseconds: wall,
                extra: [
                    ("ns_per_item", wall * 1e6 / Double(elements)), ("cpu_ns_per_item", cpu / Double(elements)),
                ])
        }
    }

    /// Nanoseconds of processor time that the process has used.
    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func drain<Stream: AsyncSequence>(_ stream: Stream, expecting count: Int) async throws {
        var seen = 0
        var iterator = stream.makeAsyncIterator()
        while try await iterator.next(isolation: nil) != nil { seen += 1 }
        precondition(seen == count, "\(seen) instead of \(count)")
    }

    static let streams: [Workload] = [
        .stream("stream_map_filter_map") { count in
            try await drain((0..<count).asStream().map { $0 &* 3 }.filter { $0 >= 0 }.map { $0 &+ 1 }, expecting: count)
        },
        .stream("stream_generator_pull") { count in
            try await drain(
                AsyncGenerator<Int> { yield in for number in 0..<count { try await yield(number) } }, expecting: count)
        },
        .stream("stream_generator_ahead_16") { count in
            try await drain(
                try AsyncGenerator<Int>(ahead: 16) { yield in for number in 0..<count { try await yield(number) } },
                expecting: count)
        },
        .stream("stream_generator_for_each") { count in
            nonisolated(unsafe) var seen = 0
            try await AsyncGenerator<Int> { yield in for number in 0..<count { try await yield(number) } }
                .forEach { _ in seen += 1 }
            precondition(seen == count)
        },
        .stream("stream_buffered_64") { count in
            try await drain(try (0..<count).asStream().buffered(64), expecting: count)
        },
        .stream("stream_aa_buffered_64") { count in
            try await drain((0..<count).async.buffer(policy: .bounded(64)), expecting: count)
        },
        .stream("stream_merged_2") { count in
            try await drain(
                merged((0..<count / 2).asStream(), (0..<count / 2).asStream()), expecting: count)
        },
        .stream("stream_aa_merged_2") { count in
            try await drain(merge((0..<count / 2).async, (0..<count / 2).async), expecting: count)
        },
        .stream("stream_zipped") { count in
            try await drain(zipped((0..<count).asStream(), (0..<count).asStream()), expecting: count)
        },
        .stream("stream_zipped_prefetch_64") { count in
            try await drain(
                try zipped((0..<count).asStream(), (0..<count).asStream(), prefetch: 64), expecting: count)
        },
        .stream("stream_aa_zipped") { count in
            try await drain(zip((0..<count).async, (0..<count).async), expecting: count)
        },
        .stream("stream_combined_latest") { count in
            var seen = 0
            for await _ in combinedLatest((0..<count / 2).asStream(), (0..<count / 2).asStream()) { seen += 1 }
            precondition(seen > 0)
        },
        .stream("stream_aa_combined_latest") { count in
            var seen = 0
            for await _ in combineLatest((0..<count / 2).async, (0..<count / 2).async) { seen += 1 }
            precondition(seen > 0)
        },
        .stream("stream_hub_2") { count in
            let hub = try (0..<count).asStream().broadcast(to: 2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for stream in hub { group.addTask { try await drain(stream, expecting: count) } }
                try await group.waitForAll()
            }
        },
        .stream("stream_chunks_64_within") { count in
            var seen = 0
            let chunks = try (0..<count).asStream().chunks(of: 64, within: .milliseconds(10))
            for await chunk in chunks { seen += chunk.count }
            precondition(seen == count)
        },
        .stream("stream_aa_chunks_64_within") { count in
            // Its timer runs in a rhythm of its own: how many chunks there are depends on it.
            var seen = 0
            let chunks = (0..<count).async.chunks(
                ofCount: 64, or: .repeating(every: .milliseconds(10), clock: .continuous))
            for await chunk in chunks { seen += chunk.count }
            precondition(seen == count)
        },
        .stream("stream_debounced") { count in
            try await drain(try (0..<count).asStream().debounced(for: .seconds(1)), expecting: 1)
        },
        .stream("stream_aa_debounced") { count in
            try await drain((0..<count).async.debounce(for: .seconds(1)), expecting: 1)
        },
        .stream("stream_throttled") { count in
            var seen = 0
            for await _ in try (0..<count).asStream().throttled(every: .milliseconds(20)) { seen += 1 }
            precondition(seen > 0)
        },
        .stream("stream_sampled") { count in
            var seen = 0
            for await _ in try (0..<count).asStream().sampled(every: .milliseconds(5)) { seen += 1 }
            precondition(seen > 0)
        },
        .stream("stream_timeout_ready") { count in
            try await drain(try (0..<count).asStream().timeout(.seconds(10)), expecting: count)
        },
        .stream("stream_concurrent_map_ordered_64") { count in
            try await drain(try (0..<count).concurrentMap(limit: 64) { $0 }, expecting: count)
        },
        .stream("stream_concurrent_map_unordered_64") { count in
            try await drain(try (0..<count).concurrentMap(limit: 64, ordered: false) { $0 }, expecting: count)
        },
    ]
}
