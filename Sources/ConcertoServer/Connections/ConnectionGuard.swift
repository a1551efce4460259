#if Server
import ConcertoRuntime
import NIOCore

/// Pure logic of a connection's limits: where it stands, and what comes next. All times are its event loop's.
struct ConnectionGuard {
    enum Phase: Equatable {
        /// Nothing has come yet.
        case fresh
        /// A head is coming.
        case head
        /// A body is coming.
        case body
        /// The request is whole, its answer is not.
        case handling
        /// Between requests.
        case idle
        /// The last answer has been written, or nobody gets one.
        case closing
    }

    enum Verdict: Equatable {
        case wait(until: NIODeadline?)
        /// Nothing is owed to this client.
        case close
        case headTooSlow
        case bodyTooSlow
        case stalled
        case idle
        case drainTooLong
    }

    let limits: ByteLimits
    private(set) var phase = Phase.fresh
    /// Requests whose answer is not whole.
    private(set) var open = 0
    private(set) var bodyBytes = 0
    private var header: NIODeadline?
    private var idle: NIODeadline?
    private var body: NIODeadline?
    private var stall: NIODeadline?
    private var drain: NIODeadline?
    private var drained = 0
    private var waited = TimeAmount.zero
    private var waitsSince: NIODeadline?
    private var buffered = 0

    init(_ limits: ByteLimits) {
        self.limits = limits
    }

    // MARK: What happens

    mutating func opened(at now: NIODeadline) { header = limits.headerTime.map { now + TimeAmount($0) } }

    /// HTTP/2 from here on: its connections have no heads.
    mutating func becameHTTP2() {
        header = nil
        phase = .handling
    }

    mutating func bytesCame(at now: NIODeadline) {
        switch phase {
        case .fresh: phase = .head
        case .idle:
            phase = .head
            idle = nil
            header = limits.headerTime.map { now + TimeAmount($0) }
        default: break
        }
    }

    mutating func headCame(at now: NIODeadline) {
        guard phase != .closing else { return }
        open += 1
        phase = .body
        header = nil
        idle = nil
        bodyBytes = 0
        waited = .zero
        if waitsSince != nil { waitsSince = now }
        body = limits.minimumRate > 0 ? now + TimeAmount(limits.grace) : nil
    }

    /// Returns whether the body is still as short as it may be.
    mutating func bodyCame(_ count: Int) -> Bool {
        bodyBytes += count
        if drain != nil { drained += count }
        return limits.maximumBody.map { bodyBytes <= $0 } ?? true
    }

    mutating func endCame(at now: NIODeadline) {
        guard phase == .body else { return }
        body = nil
        if open > 0 { phase = .handling } else { rest(at: now) }
    }

    mutating func readBegan(at now: NIODeadline) {
        if waitsSince == nil { waitsSince = now }
    }

    mutating func readEnded(at now: NIODeadline) {
        if let since = waitsSince, phase == .body { waited = waited + (now - since) }
        waitsSince = nil
    }

    mutating func answered(at now: NIODeadline) {
        open = max(0, open - 1)
        guard open == 0, phase != .closing else { return }
        guard phase == .body else { return rest(at: now) }
        // Answered early: what is left of the body is read for a while, so that the answer arrives.
        body = nil
        drain = now + TimeAmount(limits.drainTime)
    }

    mutating func close(at now: NIODeadline) {
        phase = .closing
        (header, idle, body) = (nil, nil, nil)
        drain = now + TimeAmount(limits.drainTime)
    }

    mutating func writable(_ isWritable: Bool, buffered: Int, at now: NIODeadline) {
        self.buffered = buffered
        stall = isWritable ? nil : limits.writeStall.map { now + TimeAmount($0) }
    }

    private mutating func rest(at now: NIODeadline) {
        phase = .idle
        drain = nil
        drained = 0
        idle = limits.idleTime.map { now + TimeAmount($0) }
    }

    // MARK: What comes of it

    /// What is due now. `stillBuffered` is what the channel has not been able to write.
    mutating func verdict(at now: NIODeadline, stillBuffered: Int) -> Verdict {
        if phase == .closing, let drain, drain <= now { return .close }
        if hasDrainedTooMuch || drain.map({ $0 <= now }) ?? false { return .drainTooLong }
        if let header, header <= now { return phase == .fresh ? .close : .headTooSlow }
        if let idle, idle <= now { return .idle }
        if let stall, stall <= now, let interval = limits.writeStall {
            let least = max(1, Int(Double(limits.minimumRate) * interval.seconds))
            guard buffered - stillBuffered >= min(least, buffered) else { return .stalled }
            buffered = stillBuffered
            self.stall = now + TimeAmount(interval)
        }
        if let body, body <= now {
            let total = waited + (waitsSince.map { now - $0 } ?? .zero)
            let seconds = Double(total.nanoseconds) / 1e9
            if seconds >= limits.grace.seconds, Double(bodyBytes) < Double(limits.minimumRate) * seconds {
                return .bodyTooSlow
            }
            self.body = now + TimeAmount(min(limits.grace, .seconds(1)))
        }
        return .wait(until: next)
    }

    var hasDrainedTooMuch: Bool { drain != nil && drained > limits.drainBytes }

    var next: NIODeadline? { [header, idle, body, stall, drain].compactMap { $0 }.min() }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
#endif
