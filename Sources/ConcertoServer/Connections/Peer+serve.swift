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
            return try await writer.writeResponse(
                HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close", .contentLength: "0"]))
        }
        begin()
        do {
            try await responder(request, writer, channel)
        } catch {
            end(isAnswered: false)
            throw error
        }
        end(isAnswered: true)
    }
}
#endif
