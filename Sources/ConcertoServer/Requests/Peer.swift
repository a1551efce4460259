#if Server
import CConcerto
import Concerto
import ConcertoRuntime
import HTTPTypes
import NIOCore

/// The other side of a connection (HTTP/1.1) or of a stream (HTTP/2), and the task that serves it: when the one goes, the
/// other is cancelled.
///
/// A peer that has gone does not come back: every later request of its connection starts cancelled.
final class Peer: Sendable {
    struct Loss {
        let reason: RequestScope.Reason
        let instant: TimerInstant
    }

    private struct State {
        var loss: Loss?
        /// The task that runs a handler, while it does; the address of an object that is alive as long as it stands here.
        var task: UInt?
        /// The present request's answer was written while the client was there.
        var isAnswered = false
        /// Its last answer has been written.
        var isClosing = false
        /// What is known of the present request's answer, for who measures it.
        var status: Int?
        var route: String?
    }

    let life: ServerLife
    let remoteAddress: SocketAddress?
    /// A stream of HTTP/2. Hummingbird cancels those of a connection that ends by itself, perhaps before word of the end
    /// has come here: whether stream and connection are open tells the reason then.
    private let stream: (any Channel)?
    private let isSecure: Bool
    private let state = Guarded(State())

    init(life: ServerLife, channel: any Channel, isStream: Bool = false, isSecure: Bool = false) {
        self.life = life
        self.isSecure = isSecure
        stream = isStream ? channel : nil
        remoteAddress = channel.remoteAddress
    }

    var loss: Loss? {
        if let loss = state.withLock({ $0.loss }) { return loss }
        guard let stream, !stream.isActive || stream.parent?.isActive == false else { return nil }
        return Loss(reason: .clientClosed, instant: life.clock.now)
    }

    /// On the event loop of an HTTP/1.1 connection, when the last part of an answer is written: one that comes when the client
    /// has gone is for nobody, though a closing channel may still take it.
    func answered() {
        state.withLock { state in
            if state.loss == nil { state.isAnswered = true }
        }
    }

    /// Nothing more is answered on this connection.
    var isClosing: Bool { state.withLock { $0.isClosing } }
    func close() { state.withLock { $0.isClosing = true } }

    /// In the task that serves, before the handler; ``end()`` must follow in the same task.
    func begin() {
        guard let task = concerto_task_current() else { preconditionFailure("a request is served in a task") }
        life.count(.started)
        let isGone = state.withLock { state in
            state.task = UInt(bitPattern: task)
            state.isAnswered = false
            (state.status, state.route) = (nil, nil)
            return state.loss != nil
        }
        if isGone { concerto_task_cancel(task) }
    }

    /// After the answer has been written, or could not be. A client that leaves with its answer has not hung up, though the
    /// word of it may come before the task has noticed that the answer is written.
    ///
    /// - Returns: Whether nobody wanted the answer any more.
    @discardableResult
    func end(isAnswered: Bool) -> Bool {
        let isCancelled = state.withLock { state in
            state.task = nil
            let wasTaken = isAnswered && (stream != nil || state.isAnswered)
            return state.loss != nil && !wasTaken
        }
        life.count(isCancelled ? .cancelled : .completed)
        return isCancelled
    }

    // MARK: Measuring

    /// What the present request is answered, and which route it has met.
    func note(status: Int, route: String?) {
        state.withLock { ($0.status, $0.route) = (status, route) }
    }

    /// The present request, as it can be told apart from others without telling clients apart.
    func measurement(of request: HTTPRequest) -> RequestMeasurement {
        let isSecure = stream == nil ? isSecure : request.scheme == "https"
        return RequestMeasurement(
            method: RequestMeasurement.known(request.method), scheme: isSecure ? "https" : "http",
            protocolVersion: stream == nil ? "1.1" : "2")
    }

    /// Adds how the present request has ended.
    func finish(_ measurement: inout RequestMeasurement, isCancelled: Bool, isAborted: Bool) {
        (measurement.status, measurement.route) = state.withLock { ($0.status, $0.route) }
        if isCancelled, let reason = loss?.reason {
            if reason == .clientClosed || reason == .writeStalled { measurement.status = 499 }
            measurement.errorType = reason.rawValue
        } else if isAborted {
            measurement.errorType = "aborted"
        } else if let status = measurement.status, status >= 500 {
            measurement.errorType = String(status)
        }
    }

    /// Nobody waits for an answer any more. From any thread, as often as one likes; the first reason stays.
    ///
    /// The task is cancelled outside the lock and off the event loop: cancellation handlers run where it is cancelled, are
    /// foreign code, may block, and may close the channel that told us.
    func gone(_ reason: RequestScope.Reason) {
        let loss = Loss(reason: reason, instant: life.clock.now)
        let task = state.withLock { state -> UInt? in
            guard state.loss == nil else { return nil }
            state.loss = loss
            guard let task = state.task else { return nil }
            // It may end before its turn to be cancelled comes.
            concerto_object_retain(Self.pointer(task))
            return task
        }
        guard let task else { return }
        Task {
            let task = Self.pointer(task)
            concerto_task_cancel(task)
            concerto_object_release(task)
        }
    }

    private static func pointer(_ task: UInt) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(bitPattern: task).unsafelyUnwrapped
    }
}
#endif
