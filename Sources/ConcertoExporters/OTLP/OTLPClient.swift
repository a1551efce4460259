#if Exporters
import AsyncHTTPClient
import ConcertoHTTP
import ConcertoResilience
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// Sends requests of OTLP and repeats them while that makes sense.
final class OTLPClient: Sendable {
    private let options: OTLPOptions
    private let client: HTTPClient
    private let retry: Retry
    private let clock: any TimerClock

    /// Requests of OTLP are at most this long.
    static let longestRequest = 64 << 20
    static let longestAnswer = 4 << 20

    init(_ options: OTLPOptions, clock: any TimerClock, random: RandomSource) throws {
        self.options = options
        self.clock = clock
        var configuration = HTTPClient.Configuration()
        // The exporter would otherwise make spans of its own requests, and export these.
        configuration.tracing.tracer = nil
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .enabled(limit: .size(Self.longestAnswer))
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        var repeating = RetryOptions()
        repeating.maxRetries = .max
        repeating.maxTotalTime = options.timeout
        repeating.maxRetryAfter = options.timeout
        repeating.backoff = options.backoff
        repeating.budget = nil
        repeating.clock = clock
        repeating.random = random
        repeating.shouldRetry = { $0 is OTLPTransientError }
        // Nobody's listeners hear of it: an exporter that counts its own retries has something to export for ever.
        repeating.telemetry = ResilienceTelemetry()
        retry = try Retry(options: repeating)
    }

    func shutdown() async { try? await client.shutdown() }

    /// Sends a request.
    ///
    /// - Cancellation: ends the attempt; the outcome is `dropped`.
    func send(_ body: [UInt8], to endpoint: String) async -> OTLPOutcome {
        guard body.count <= Self.longestRequest else {
            return .dropped("the request has \(body.count) bytes, more than OTLP allows")
        }
        do {
            let buffer = options.usesGzip ? try Gzip.compressed(body) : ByteBuffer(bytes: body)
            let deadline = clock.now.advanced(by: options.timeout)
            return try await retry.execute { _ in
                try await self.attempt(buffer, to: endpoint, within: deadline.nanoseconds - self.clock.now.nanoseconds)
            }
        } catch {
            return .dropped("\(RedactedURL(endpoint)): \(error)")
        }
    }

    private func attempt(_ body: ByteBuffer, to endpoint: String, within nanoseconds: Int64) async throws -> OTLPOutcome
    {
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: options.encoding.contentType)
        request.headers.add(name: "User-Agent", value: "concerto-otlp")
        if options.usesGzip { request.headers.add(name: "Content-Encoding", value: "gzip") }
        for header in options.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        request.body = .bytes(body)
        let answer: HTTPClientResponse
        let bytes: ByteBuffer
        do {
            answer = try await client.execute(request, timeout: .nanoseconds(max(nanoseconds, 1)))
            bytes = try await answer.body.collect(upTo: Self.longestAnswer)
        } catch let error where error is CancellationError || Task.isCancelled {
            throw CancellationError()
        } catch {
            throw OTLPTransientError(description: "\(error)")
        }
        switch answer.status.code {
        case 200..<300:
            let partial = OTLPAnswer(
                Array(bytes.readableBytesView), contentType: answer.headers.first(name: "content-type") ?? "")
            return .delivered(rejected: max(partial.rejected, 0), message: partial.message)
        case 429, 502, 503, 504:
            let now = answer.headers.first(name: "date").flatMap(Self.date) ?? Date()
            throw OTLPTransientError(
                description: "status \(answer.status.code)",
                wait: answer.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) })
        default: return .dropped("\(RedactedURL(endpoint)) refused it with status \(answer.status.code)")
        }
    }

    private static func date(_ text: String) -> Date? {
        RetryAfter.parse(text, now: Date(timeIntervalSince1970: 0)).map {
            Date(timeIntervalSince1970: $0 / .seconds(1))
        }
    }
}
#endif
