import ConcertoResilience
import ConcertoTesting
import Testing

/// R2: a deadline that the caller sets belongs to the pipeline's clock, whichever that is.
struct CallersDeadlineTests {
    private let clock = ManualClock()

    private func attempts<Strategy: ResilienceStrategy>(_ strategy: Strategy, in context: ResilienceContext) async
        -> Int
    {
        let calls = Counter()
        _ = await clock.drive {
            _ = try? await strategy.execute(in: context) { _ in
                calls.increment()
                throw Failure()
            }
        }
        return calls.value
    }

    private var retry: Retry {
        Retry(maxRetries: 5, backoff: .constant(.seconds(1)), budget: nil, clock: clock)
    }

    @Test func `a deadline that the caller sets holds on a manual clock, R2`() async {
        var context = ResilienceContext()
        context.deadline = clock.now.advanced(by: .milliseconds(2_500))
        #expect(await attempts(retry, in: context) == 3)
        let (clock, retry) = (clock, retry)
        let boxed = ResiliencePipeline {
            NoStrategy()
            retry
        }
        context.deadline = clock.now.advanced(by: .milliseconds(2_500))
        #expect(await attempts(boxed, in: context) == 3)
    }

    @Test func `what is left of it is told, and inherited, R2`() async throws {
        var context = ResilienceContext()
        context.deadline = clock.now.advanced(by: .seconds(3))
        let retry = retry
        let remaining = try await retry.execute(in: context) { context in
            let inner = try await retry.execute { inner in inner.remaining }
            return [context.remaining, ResilienceContext.current?.remaining, inner]
        }
        #expect(remaining == [.seconds(3), .seconds(3), .seconds(3)])
    }

    @Test func `a timeout further in lowers it and an outer one is not raised by it, R2`() async throws {
        var context = ResilienceContext()
        context.deadline = clock.now.advanced(by: .seconds(3))
        let clock = clock
        func remaining(_ limit: Duration) async throws -> Duration? {
            try await Timeout(limit, kind: .cooperative, clock: clock).execute(in: context) { $0.remaining }
        }
        #expect(try await remaining(.seconds(2)) == .seconds(2))
        #expect(try await remaining(.seconds(5)) == .seconds(3))
    }

    @Test func `a deadline of another clock is not taken for one of the pipeline's, R2`() async {
        var context = ResilienceContext()
        context.setDeadline(MonotonicClock().now.advanced(by: .seconds(3_600)), on: MonotonicClock())
        #expect(await attempts(retry, in: context) == 6)
        context.setDeadline(clock.now.advanced(by: .milliseconds(1_500)), on: clock)
        #expect(await attempts(retry, in: context) == 2)
    }

    @Test func `a strategy of the user's own can set it for what stands further in, R2`() async {
        let (clock, retry) = (clock, retry)
        let pipeline = ResiliencePipeline {
            OwnLimit(clock: clock)
            retry
        }
        #expect(await attempts(pipeline, in: ResilienceContext()) == 3)
    }

    private struct OwnLimit: ResilienceStrategy {
        let clock: ManualClock

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            var context = context
            context.deadline = clock.now.advanced(by: .milliseconds(2_500))
            try await body(context)
        }
    }
}
