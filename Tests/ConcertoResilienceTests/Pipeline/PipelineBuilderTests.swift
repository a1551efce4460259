import ConcertoResilience
import Testing

/// What may stand between a pipeline's braces.
struct PipelineBuilderTests {
    /// Writes its name when it is run.
    private struct Named: ResilienceStrategy {
        let name: String
        let log: Log<String>

        nonisolated(nonsending)
            func execute(_ context: ResilienceContext, _ body: ResilienceBody) async throws
        {
            log.append(name)
            try await body(context)
        }
    }

    @Test func `options that come from data are validated where the pipeline is built`() async throws {
        var options = RetryOptions()
        options.maxRetries = 1
        let pipeline = try ResiliencePipeline { try Retry(options: options) }
        let attempts = try await pipeline.execute { context in
            if context.attempt == 1 { throw Busy(retryAdvice: .after(.zero)) }
            return context.attempt
        }
        #expect(attempts == 2)
        options.maxRetries = -1
        #expect(throws: InvalidOptionsError.self) { _ = try ResiliencePipeline { try Retry(options: options) } }
        #expect(throws: InvalidOptionsError.self) {
            _ = try ResiliencePipeline.unboxed { try Retry(options: options) }
        }
    }

    @Test func `the strategies of a loop stand around each other in its order`() async throws {
        let log = Log<String>()
        let pipeline = ResiliencePipeline {
            Named(name: "outer", log: log)
            for number in 1...3 { Named(name: "\(number)", log: log) }
            Named(name: "inner", log: log)
        }
        try await pipeline.execute {}
        #expect(log.entries == ["outer", "1", "2", "3", "inner"])
        let empty = ResiliencePipeline { for _ in 0..<0 { Named(name: "never", log: log) } }
        #expect(try await empty.execute { 7 } == 7)
    }

    @Test func `strategies of any type come from an array or one by one`() async throws {
        let log = Log<String>()
        let single: any ResilienceStrategy = Named(name: "single", log: log)
        let listed: [any ResilienceStrategy] = [
            Named(name: "first", log: log), Retry(maxRetries: 1, backoff: .none), Named(name: "second", log: log),
        ]
        let pipeline = ResiliencePipeline {
            AnyStrategy(single)
            listed
        }
        let attempt = try await pipeline.execute { context in
            if context.attempt == 1 { throw Failure() }
            return context.attempt
        }
        #expect(attempt == 2)
        #expect(log.entries == ["single", "first", "second", "second"])
    }

    @Test func `a native timeout in a list lets one before the list be cooperative`() async throws {
        let listed: [any ResilienceStrategy] = [Retry(), Timeout(.seconds(1))]
        let outer = Timeout(.seconds(5))
        // The wrapper is for what is written as `any`: concrete strategies keep their types, and are inlined.
        let chain: StrategyChain<Timeout, StrategyList<AnyStrategy>> = ResiliencePipeline.unboxed {
            outer
            listed
        }
        let kinds = Mirror(reflecting: chain).children.compactMap { ($0.value as? Timeout)?.kind }
        #expect(kinds == [.cooperative])
    }
}
