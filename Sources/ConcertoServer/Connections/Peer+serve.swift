#if Server
import HTTPTypes
import HummingbirdCore
import NIOCore

extension Peer {
    /// Serves one request in the current task, which is cancelled when the peer goes. Uses up `writer`.
    func serve(
        _ request: Request, _ writer: inout ResponseWriter?, _ channel: any Channel, _ limits: ByteLimits,
        _ responder: HTTPChannelHandler.Responder
    ) async throws {
        // It was pipelined behind the last request of the connection: who gets no answer must not be served.
        guard !isClosing, let writer = writer.take() else { return }
        if let most = limits.maximumBody, let length = request.headers[.contentLength].flatMap({ Int($0) }),
            length > most
        {
            life.count(.oversizedBodies)
            if let observer = life.observer {
                var measurement = measurement(of: request.head)
                observer.began(measurement)
                measurement.status = HTTPResponse.Status.contentTooLarge.code
                observer.ended(measurement)
            }
            return try await writer.writeResponse(
                HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close", .contentLength: "0"]))
        }
        guard let observer = life.observer else { _ = try await served(request, writer, channel, responder); return }
        var measurement = measurement(of: request.head)
        let start = life.clock.now
        observer.began(measurement)
        var isCancelled = false
        var failure: (any Error)?
        do {
            isCancelled = try await served(request, writer, channel, responder)
        } catch {
            failure = error
            isCancelled = loss != nil
        }
        measurement.duration = start.duration(to: life.clock.now)
        finish(&measurement, isCancelled: isCancelled, isAborted: failure != nil)
        observer.ended(measurement)
        if let failure { throw failure }
    }

    /// - Returns: Whether nobody wanted the answer any more.
    private func served(
        _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel,
        _ responder: HTTPChannelHandler.Responder
    ) async throws -> Bool {
        begin()
        do {
            try await responder(request, writer, channel)
        } catch {
            end(isAnswered: false)
            throw error
        }
        return end(isAnswered: true)
    }
}
#endif
