#if Exporters
import Foundation
import NIOCore

/// What takes so long that the loop must not wait for it: on a thread of its own, one at a time. Used on its loop only.
final class TelemetryLooks: @unchecked Sendable {
    // Sendable: what varies is the loop's own.
    typealias Page = TelemetryPages.Page

    private let loop: any EventLoop
    private var running: EventLoopFuture<Page>?
    private var isOver = false

    init(loop: any EventLoop) { self.loop = loop }

    /// What `body` returns; says at once that somebody else looks if one does, or the server ends.
    func page(_ body: @escaping @Sendable () -> Page) -> EventLoopFuture<Page> {
        loop.preconditionInEventLoop()
        guard running == nil, !isOver else { return loop.makeSucceededFuture(TelemetryPages.busy) }
        let promise = loop.makePromise(of: Page.self)
        running = promise.futureResult
        promise.futureResult.whenComplete { _ in self.running = nil }
        // Not on the pool, which may stand still. The loop is there until this is over: see `finish`.
        Thread.detachNewThread { promise.succeed(body()) }
        return promise.futureResult
    }

    /// Begins no further look, and succeeds when the one under way is over and its answer is written.
    func finish() -> EventLoopFuture<Void> {
        loop.flatSubmit { [self] in
            isOver = true
            return running?.map { _ in } ?? loop.makeSucceededVoidFuture()
        }
    }
}
#endif
