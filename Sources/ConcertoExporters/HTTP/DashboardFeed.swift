#if Exporters
import ConcertoDiagnostics
import NIOCore
import NIOHTTP1

/// Takes a sample each second, on the loop of its server, and tells those who read along.
final class DashboardFeed: @unchecked Sendable {
    // Sendable: what varies is the loop's own.
    let history = DashboardHistory()
    let title: String
    private let loop: any EventLoop
    private let patience: TimeAmount
    private var beat: SampleBeat?
    private var next: Scheduled<Void>?
    private var readers: [ObjectIdentifier: DashboardReader] = [:]

    init(title: String, patience: TimeAmount, loop: any EventLoop, fromStart: Bool) {
        self.title = title
        self.patience = patience
        self.loop = loop
        // Nothing is measured before somebody wants to see it, unless the first minutes count.
        if fromStart { loop.execute { self.begin() } }
    }

    /// Begins to take samples, if it has not.
    func begin() {
        loop.preconditionInEventLoop()
        guard beat == nil else { return }
        beat = SampleBeat(every: .seconds(1), now: MonotonicTime.now)
        sample()
    }

    private func sample() {
        if let sample = beat?.sample(now: MonotonicTime.now) {
            history.add(sample)
            for reader in readers.values { reader.pump() }
        }
        for reader in readers.values { reader.drop(after: patience) }
        guard let due = beat?.due else { return }
        next = loop.scheduleTask(in: .nanoseconds(max(0, due - MonotonicTime.now))) { self.sample() }
    }

    /// Sends a stream what it has not read, and each sample from now on.
    func add(_ reader: DashboardReader) {
        begin()
        readers[ObjectIdentifier(reader)] = reader
        reader.pump()
    }

    func remove(_ reader: DashboardReader) { readers[ObjectIdentifier(reader)] = nil }

    /// Sends the last numbers, and that there are no more. Succeeds when they are sent, or nobody has read them for a second.
    func finish() -> EventLoopFuture<Void> {
        loop.flatSubmit { [self] in
            next?.cancel()
            if var last = beat {
                // The last numbers of a run are the ones that count, whether a sample is due or not.
                last.hurry(now: MonotonicTime.now)
                if let sample = last.sample(now: MonotonicTime.now) { history.add(sample) }
            }
            let done = loop.makePromise(of: Void.self)
            let late = loop.scheduleTask(in: .seconds(1)) { done.succeed() }
            EventLoopFuture.andAllComplete(readers.values.map { $0.finish() }, on: loop).whenComplete { _ in
                late.cancel()
                done.succeed()
            }
            return done.futureResult
        }
    }
}

/// One who reads along: an answer that does not end. Used on its loop only.
///
/// It is given what its connection takes, and no more: who does not read makes nothing wait in memory but what was on its
/// way, and is dropped after a while.
final class DashboardReader {
    private let context: ChannelHandlerContext
    private let history: DashboardHistory
    private var position: DashboardHistory.Position?
    private var stuckSince: NIODeadline?
    private var hasFinished = false

    /// What is handed to a connection at a time.
    private static let portion = 32 << 10

    init(_ context: ChannelHandlerContext, _ history: DashboardHistory, after position: DashboardHistory.Position?) {
        (self.context, self.history, self.position) = (context, history, position)
    }

    /// Writes what there is, as long as the connection takes it.
    func pump() {
        while context.channel.isActive, context.channel.isWritable, !hasFinished,
            let page = history.events(after: position, atMost: Self.portion)
        {
            position = page.position
            write(page.bytes, nil)
        }
        stuckSince = context.channel.isWritable ? nil : stuckSince ?? .now()
    }

    /// Closes the connection if nothing has been read for so long.
    func drop(after patience: TimeAmount) {
        guard let stuckSince, !context.channel.isWritable, stuckSince + patience < .now() else { return }
        context.channel.closeAtOnce()
    }

    func finish() -> EventLoopFuture<Void> {
        pump()
        hasFinished = true
        guard context.channel.isActive, context.channel.isWritable else {
            return context.eventLoop.makeSucceededVoidFuture()
        }
        write(DashboardHistory.farewell, nil)
        let promise = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)), promise: promise)
        return promise.futureResult
    }

    private func write(_ bytes: [UInt8], _ promise: EventLoopPromise<Void>?) {
        let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
        context.writeAndFlush(NIOAny(part), promise: promise)
    }
}
#endif
