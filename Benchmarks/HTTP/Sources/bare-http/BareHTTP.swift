import AsyncHTTPClient
import NIOCore
import Synchronization

/// The floor under `concerto batch`: a loop over AsyncHTTPClient that reads each answer's body and does nothing else. No
/// input file, no output, no store, no retries.
///
///     bare-http URL CALLS CONCURRENCY
///
/// calls `URL/users/0` to `URL/users/(CALLS - 1)` and prints a line of JSON.
@main
struct BareHTTP {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let calls = Int(arguments[2]), let concurrency = Int(arguments[3]) else {
            print("usage: bare-http URL CALLS CONCURRENCY")
            return
        }
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrency
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let clock = ContinuousClock()
        let start = clock.now
        // Detached: the main actor's hops would be measured otherwise.
        let bytes = try await Task.detached {
            try await run(client, url: arguments[1], calls: calls, concurrency: concurrency)
        }.value
        let seconds = (clock.now - start) / .seconds(1)
        try await client.shutdown()
        let rate = Int(Double(calls) / seconds)
        print(
            "{\"workload\":\"bare_http\",\"calls\":\(calls),\"concurrency\":\(concurrency),\"bytes\":\(bytes),"
                + "\"ms\":\(Int(seconds * 1000)),\"calls_per_s\":\(rate)}")
    }

    private static func run(_ client: HTTPClient, url: String, calls: Int, concurrency: Int) async throws -> Int {
        let next = SharedCounter()
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<concurrency {
                group.addTask {
                    var bytes = 0
                    while true {
                        let number = next.take()
                        guard number < calls else { return bytes }
                        let request = HTTPClientRequest(url: "\(url)/users/\(number)")
                        let response = try await client.execute(request, deadline: .distantFuture)
                        guard response.status == .ok else { throw UnexpectedStatus(code: response.status.code) }
                        for try await chunk in response.body { bytes += chunk.readableBytes }
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }
}

private final class SharedCounter: Sendable {
    private let value = Atomic(0)
    func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
}

private struct UnexpectedStatus: Error {
    var code: UInt
}
