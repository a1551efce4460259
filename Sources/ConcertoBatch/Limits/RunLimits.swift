#if Batch
import Concerto
import ConcertoHTTP
import ConcertoResilience

/// The limits of a run as the API counts them: calls, and what calls count as; for everybody together or for each key.
///
/// What a call counts as is taken before it is sent and corrected when its answer tells: what was too much goes back to
/// those who wait, what was too little is a debt that they pay off. A call that counts more than can be taken at once waits
/// for a full bucket, goes, and leaves the rest as a debt, so that the rate is kept.
final class RunLimits: CallLimits {
    private struct Meter: Sendable {
        var limiter: RateLimiter
        var burst: Int
        var countsWeight: Bool
    }

    let isByAccount: Bool
    private let rates: [CallRate]
    private let burst: Int
    private let actual: JSONPath?
    private let clock: any TimerClock
    private let meters = Guarded<[String: [Meter]]>([:])

    /// - Parameters:
    ///   - burst: Calls that may start at once after a pause.
    ///   - actual: Where an answer tells what its call has counted as.
    init(rates: [CallRate], burst: Int, actual: JSONPath?, isByAccount: Bool, clock: any TimerClock) {
        // What has the closest pace is asked last: a turn that was taken and then had to wait would come too close to the next.
        self.rates = rates.sorted { left, right in
            left.isWeighted != right.isWeighted ? left.isWeighted : left.interval > right.interval
        }
        (self.burst, self.actual) = (burst, actual)
        (self.isByAccount, self.clock) = (isByAccount, clock)
    }

    private func meters(of call: HTTPCall) -> [Meter] {
        let account = isByAccount ? call.account : ""
        return meters.withLock { meters in
            if let known = meters[account] { return known }
            let made = rates.map { rate in
                let most = rate.isWeighted ? rate.bucket : burst + rate.slack
                return Meter(
                    limiter: RateLimiter(
                        rate.isWeighted
                            ? .tokenBucket(capacity: most, refill: Int(rate.calls), per: rate.period)
                            : .smooth(1, per: rate.interval, burst: most), clock: clock),
                    burst: most, countsWeight: rate.isWeighted)
            }
            meters[account] = made
            return made
        }
    }

    func tryTake(_ call: HTTPCall) -> Bool {
        let meters = meters(of: call)
        for (index, meter) in meters.enumerated() {
            let count = meter.countsWeight ? call.weight : 1
            guard count > 0, !meter.limiter.tryAcquire(count) else { continue }
            giveBack(call, meters[..<index])
            return false
        }
        return true
    }

    func take(_ call: HTTPCall) async throws {
        let meters = meters(of: call)
        for (index, meter) in meters.enumerated() {
            let count = meter.countsWeight ? call.weight : 1
            guard count > 0 else { continue }
            do {
                try await meter.limiter.acquire(min(count, meter.burst))
            } catch {
                giveBack(call, meters[..<index])
                throw error
            }
            Self.owe(count - meter.burst, meter)
        }
    }

    func giveBack(_ call: HTTPCall) { giveBack(call, meters(of: call)[...]) }

    private func giveBack(_ call: HTTPCall, _ meters: ArraySlice<Meter>) {
        for meter in meters { meter.limiter.giveBack(meter.countsWeight ? call.weight : 1) }
    }

    func settle(_ call: HTTPCall, _ result: AttemptResult) {
        switch result {
        case .failed(let failure, _) where !failure.mayHaveBeenSent:
            // The pace of calls keeps its turn: a host that is away is not to be tried without one.
            for meter in meters(of: call) where meter.countsWeight { meter.limiter.giveBack(call.weight) }
        case .answered(let reply, _):
            guard let actual, let body = ResultEncoder.json(reply), let told = actual.value(in: body),
                let number = Double(told.text), number >= 0, number <= Double(WeightExpression.most)
            else { return }
            let excess = Int(number.rounded(.up)) - call.weight
            for meter in meters(of: call) where meter.countsWeight {
                if excess < 0 { meter.limiter.giveBack(-excess) } else { Self.owe(excess, meter) }
            }
        case .failed, .cancelled: break
        }
    }

    /// Takes out of the future what has been used already, but no more than a hundred periods or so: what a server tells
    /// may be nonsense, and would stop the run for good.
    private static func owe(_ count: Int, _ meter: Meter) {
        var rest = min(count, meter.burst * 1_000)
        while rest > 0 {
            let part = min(rest, meter.burst)
            _ = meter.limiter.reserve(part)
            rest -= part
        }
    }
}
#endif
