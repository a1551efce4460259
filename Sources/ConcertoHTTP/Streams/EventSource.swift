#if HTTP
import Concerto
public import ConcertoResilience
public import ConcertoStreams
import NIOCore
import NIOHTTP1

extension HTTPStreamTransport {
    /// The server-sent events of `call`, over as many connections as it takes; see ``EventSource``.
    ///
    /// - Throws: An error that names every option that can't work.
    public func events(
        _ call: HTTPCall, options: EventSourceOptions = EventSourceOptions()
    ) throws(InvalidOptionsError) -> EventSource {
        try options.validate()
        return EventSource(transport: self, call: call, options: options)
    }
}

/// Server-sent events (HTML standard, section 9.2) from a server, over as many connections as it takes.
///
/// ```swift
/// for try await event in try AsyncHTTPClientTransport().events(HTTPCall(url: "https://example.com/prices")) {
///     print(event.id, event.data)
/// }
/// ```
///
/// Nothing is sent before the first `next`. When a connection ends, in good order or not, the call is made again after a pause
/// (the server's `retry`, and the back-off on top of that), with the last id that came as `Last-Event-ID`; an event that was
/// unfinished is dropped, and comes again from a server that keeps them. Status 204 ends the loop. A status that says "later"
/// (408, 425, 429, 500, 502, 503, 504) is a failure as a broken connection is one, and its `Retry-After` is kept to. Any other
/// status and any other content than `text/event-stream` end the loop with ``EventSourceError``, a failure that is bound to
/// repeat itself (a name that is not known, a certificate that is not trusted) with ``HTTPFailure``.
///
/// - Cancellation: closes the connection or ends the pause; `next` throws `CancellationError`. Leaving the loop closes the
///   connection.
/// - Where it runs: on the caller's executor, but for what the transport does on its own.
/// - Ordering: of the server; an event comes with the blank line that ends it. Each loop has connections of its own.
/// - Allocates: a piece of the body, and the event that is being read.
public struct EventSource: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = ServerSentEvent
    /// ``EventSourceError``, ``HTTPFailure``, `LineTooLongError`, `EventTooLargeError`, `CancellationError`.
    public typealias Failure = any Error

    /// What becomes of the connection.
    public enum Change: Sendable {
        /// The call is made; the number is that of the connection, from 1.
        case opening(Int)
        /// Events may come.
        case opened
        /// There is no connection, and none will be made for so long; with what ended the last one, `nil` if it ended in good
        /// order.
        case waiting(Duration, after: (any Error)?)
    }

    let transport: any HTTPStreamTransport
    let call: HTTPCall
    let options: EventSourceOptions

    /// Connects with the first `next`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Yields the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let source: EventSource
        private let timeout: Timeout
        private let reconnects: Bool
        private var parser: EventStreamParser
        private var pieces: (any AsyncIteratorProtocol<ByteBufferView, any Error>)?
        private var connections = 0
        /// Connections since the last event that ended without one.
        private var failures = 0
        private var pauses = Backoff.State()
        /// What the server asked for when it last answered without events.
        private var retryAfter = Duration.zero
        private var retry: Duration?
        private var openedAt: TimerInstant?
        private var isThrough = false

        init(_ source: EventSource) {
            self.source = source
            timeout = Timeout(source.options.openTimeout, clock: source.options.clock)
            reconnects = source.options.reconnects ?? RepeatRule().isRepeatable(source.call)
            let id = source.call.headers.first { $0.name.lowercased() == "last-event-id" }?.value
            parser = EventStreamParser(lastEventID: id ?? "", limit: source.options.maximumEvent)
        }

        /// The next event.
        public mutating func next() async throws -> ServerSentEvent? { try await next(isolation: nil) }

        /// The next event.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(any Error) -> ServerSentEvent? {
            while !isThrough {
                do {
                    if let event = try parser.next() {
                        (failures, pauses) = (0, Backoff.State())
                        return event
                    }
                } catch {
                    // The text is at fault, and would be again.
                    end()
                    throw error
                }
                do {
                    if pieces == nil { try await open(isolation: actor) }
                    if let piece = try await pieces?.next(isolation: actor) {
                        parser.append(piece)
                    } else if !isThrough {
                        try await pause(after: nil, isolation: actor)
                    }
                } catch {
                    try await pause(after: error, isolation: actor)
                }
            }
            return nil
        }

        private mutating func end() {
            isThrough = true
            pieces = nil
        }

        /// Makes the call, and what it is redirected to.
        private mutating func open(isolation actor: isolated (any Actor)?) async throws {
            try Task.checkCancellation()
            connections += 1
            source.options.onChange?(.opening(connections))
            var call = source.call
            call.headers.removeAll { $0.name.lowercased() == "last-event-id" }
            let id = parser.lastEventID
            // One with control characters cannot be said; better from the start than not at all.
            if !id.isEmpty, HeaderRules.problem(name: "Last-Event-ID", value: id) == nil {
                call.headers.append(("Last-Event-ID", id))
            }
            if !call.hasHeader("accept") { call.headers.append(("Accept", "text/event-stream")) }
            if !call.hasHeader("cache-control") { call.headers.append(("Cache-Control", "no-store")) }
            var redirects = source.options.redirects.map(Redirects.init)
            while true {
                let (transport, hop) = (source.transport, call)
                let reply = try await timeout.execute { _ in try await transport.open(hop) }
                let head = HTTPReply(status: reply.status, headers: reply.headers)
                if let next = try redirects?.next(after: head, to: call) {
                    call = next
                    continue
                }
                return try take(reply, head, call)
            }
        }

        private mutating func take(_ reply: HTTPStreamReply, _ head: HTTPReply, _ call: HTTPCall) throws {
            switch reply.status {
            case 200: break
            case 204: return end()
            case let status where RepeatRule.defaultStatuses.contains(status):
                retryAfter = RetryAfter.wish(of: head) ?? .zero
                throw EventSourceBusy(status: status, url: Self.site(call))
            case let status: throw EventSourceError.status(status, url: Self.site(call))
            }
            let type = reply.headers.first(name: "content-type")
            let essence = type?.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
            guard essence == "text/event-stream" else { throw EventSourceError.contentType(type, url: Self.site(call)) }
            // What was unfinished has gone with its connection.
            parser = EventStreamParser(lastEventID: parser.lastEventID, limit: source.options.maximumEvent)
            pieces = try makePieces(reply.body)
            openedAt = source.options.clock.now
            source.options.onChange?(.opened)
        }

        private func makePieces(_ body: HTTPBody) throws -> any AsyncIteratorProtocol<ByteBufferView, any Error> {
            guard let limit = source.options.idleLimit else { return body.makeAsyncIterator() }
            return try body.timeout(limit, clock: source.options.clock).makeAsyncIterator()
        }

        /// The address without what may be secret in it.
        private static func site(_ call: HTTPCall) -> String {
            guard let address = try? HTTPAddress(call.url) else { return call.host }
            return "\(address.scheme)://\(address.host)\(address.target.prefix { $0 != "?" })"
        }

        /// Waits until the call may be made again.
        ///
        /// - Throws: `error`, or `CancellationError`, if it may not.
        private mutating func pause(
            after error: (any Error)?, isolation actor: isolated (any Actor)?
        ) async throws {
            pieces = nil
            let isLasting = (error as? HTTPFailure)?.isLasting == true || error is EventSourceError
            guard reconnects, !isLasting, !Task.isCancelled, !(error is CancellationError) else {
                end()
                if Task.isCancelled { throw CancellationError() }
                if let error { throw error is EventSourceBusy ? refused(error) : error }
                return
            }
            // A server with nothing to tell is none that fails.
            if let openedAt, openedAt.duration(to: source.options.clock.now) >= source.options.backoff.cap {
                (failures, pauses) = (0, Backoff.State())
            }
            openedAt = nil
            if let limit = source.options.maximumFailures, failures >= limit {
                end()
                throw refused(error ?? silence)
            }
            retry = parser.retry ?? retry
            let random = source.options.random
            let backoff = source.options.backoff.delay(beforeRetry: failures, state: &pauses) { random.nextUnit() }
            failures += 1
            let wish = Swift.min(Swift.max(retry ?? .zero, retryAfter), source.options.maximumPause)
            retryAfter = .zero
            source.options.onChange?(.waiting(wish + backoff, after: error))
            do { try await source.options.clock.sleep(for: wish + backoff) } catch {
                end()
                throw error
            }
        }

        private var silence: HTTPFailure {
            HTTPFailure(
                .closed, mayHaveBeenSent: true,
                "\(source.call.host) ended \(failures + 1) connections without an event")
        }

        private func refused(_ error: any Error) -> any Error {
            guard let busy = error as? EventSourceBusy else { return error }
            return EventSourceError.status(busy.status, url: busy.url)
        }
    }
}

@available(*, unavailable)
extension EventSource.AsyncIterator: Sendable {}
#endif
