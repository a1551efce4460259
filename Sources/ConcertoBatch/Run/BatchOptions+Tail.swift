#if Batch
import ConcertoResilience

/// When a row's call is sent a second time: after a time, or when it takes longer than most calls to its host.
public enum HedgeDelay: Sendable, Hashable {
    /// After so long: 1 ms to 1 day.
    case after(Duration)
    /// When it takes longer than this share of its host's calls of the last minute or two: 50 % to below 100 %. The first hundred
    /// calls to a host show how long they take, and are sent once.
    case percentile(Double)

    /// Reads `p95`, `p99.9`, or a duration (`300ms`, `2s`); `nil` for anything else.
    public init?(_ text: String) {
        guard text.first?.lowercased() == "p" else {
            guard let duration = parseDuration(text) else { return nil }
            self = .after(duration)
            return
        }
        guard let percent = Double(text.dropFirst()), percent >= 50, percent < 100 else { return nil }
        self = .percentile(percent / 100)
    }

    var problem: String? {
        switch self {
        case .after(let duration):
            duration >= .milliseconds(1) && duration <= .seconds(86_400) ? nil : "hedge must be 1ms to 24h"
        case .percentile(let share):
            share >= 0.5 && share < 1 ? nil : "hedge must be p50 to below p100"
        }
    }

    /// What the client goes by.
    ///
    /// - Parameter timeout: Of an attempt: what is not known to be slow may take as long.
    func delay(timeout: Duration) -> HedgingOptions.Delay {
        switch self {
        case .after(let duration): .fixed(duration)
        case .percentile(let share): .percentile(share, initial: timeout)
        }
    }
}

extension BatchOptions {
    /// Calls a host is given at first, where it is found out how many it bears: few, because how long they take then is
    /// taken for the latency without load.
    private static let firstCalls = 4

    /// How the number of calls in flight to a host is found out: quicker than a server does, because a batch may be over in a
    /// minute.
    var adaptive: AdaptiveLimiterOptions {
        var options = AdaptiveLimiterOptions()
        options.initial = min(Self.firstCalls, concurrency)
        options.maximum = concurrency
        options.window = .milliseconds(250)
        var gradient = AdaptiveLimiterOptions.Gradient()
        gradient.queue = 8
        gradient.probeInterval = .seconds(15)
        options.algorithm = .gradient(gradient)
        return options
    }

    /// Connections that may be open to a host: each call under way may have a second one beside it.
    var connections: Int { hedge == nil ? concurrency : 2 * concurrency }
}
#endif
