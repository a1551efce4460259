#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Backoff {
    /// The delay before a retry.
    ///
    /// - Parameters:
    ///   - retry: The number of the retry, from 0.
    ///   - state: What earlier delays of this execution left.
    ///   - draw: Gives a number uniform in `[0, 1)`. Called at most twice.
    /// - Returns: Between zero and ``cap``.
    public func delay(beforeRetry retry: Int, state: inout State, drawing draw: () -> Double) -> Duration {
        let base = Double(self.base.saturatingNanoseconds)
        let cap = Double(self.cap.saturatingNanoseconds)
        guard base > 0, cap > 0 else { return .zero }
        let nanoseconds = nanoseconds(Double(max(0, retry)), base, cap, &state, draw)
        // The guard against NaN (∞ − ∞ far out in a formula) and against rounding beyond the cap.
        guard nanoseconds < cap else { return self.cap }
        return .nanoseconds(Int64(max(0, nanoseconds)))
    }

    private func nanoseconds(
        _ retry: Double, _ base: Double, _ cap: Double, _ state: inout State, _ draw: () -> Double
    ) -> Double {
        let grown = min(cap, grown(retry, base))
        switch jitter {
        case .none:
            return grown
        case .full:
            return grown * draw()
        case .equal:
            return grown * (0.5 + 0.5 * draw())
        case .proportional(let fraction):
            return uniform(grown * (1 - fraction), min(cap, grown * (1 + fraction)), draw)
        case .decorrelated:
            let delay = uniform(min(base, cap), min(cap, 3 * (state.previous ?? base)), draw)
            state.previous = delay
            return delay
        case .decorrelatedV2:
            let time = retry + draw()
            let next = exp2(time) * tanh((4 * time).squareRoot())
            let delay = (next - (state.previous ?? 0)) * base / 1.4
            state.previous = next
            return delay < cap ? delay : uniform(cap / 2, cap, draw)
        }
    }

    private func grown(_ retry: Double, _ base: Double) -> Double {
        switch growth {
        case .constant: base
        case .linear: base * (retry + 1)
        case .exponential(let factor): base * pow(factor, retry)
        }
    }

    private func uniform(_ low: Double, _ high: Double, _ draw: () -> Double) -> Double {
        low + (high - low) * draw()
    }
}
