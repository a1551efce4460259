import Concerto
import ConcertoResilience

func topic43() async throws {
    struct Unavailable: Error {}
    let calls = Counter()
    let upstream = ResiliencePipeline("users") {
        Retry(maxRetries: 3, backoff: .exponential(base: .milliseconds(1), cap: .milliseconds(5)), budget: nil)
    }
    let names = try await (1...1_000).mapConcurrently(limit: 32) { id in
        let attempts = Counter()
        return try await upstream.execute { () async throws -> String in
            calls.add()
            if id.isMultiple(of: 10) && attempts.add() == 1 { throw Unavailable() }  // refused at first
            return "user \(id)"
        }
    }
    print("\(names.count) names by \(calls.value) calls, the last is \(names.last!)")
}
