/// Fixed windows (one segment) and sliding windows (several): how much was taken in which segment of time.
///
/// Segment `s` may take what the `segments − 1` before it leave of the limit. Permits are placed in the earliest
/// segment that has room for all of them and is not before the latest one in use, so that reservations keep their order;
/// placed in the present segment, they are admitted now.
struct RateWindows: Sendable {
    private let limit: Int
    private let segments: Int64
    private let length: Int64
    private let origin: TimerInstant
    private var latest = Int64(0)
    /// What was taken by segment, in order; at most `segments` entries and those of reservations to come.
    private var taken: [(segment: Int64, count: Int)] = []

    init(_ limit: RateLimit, segments: Int, available: Int, at now: TimerInstant) {
        self.limit = limit.limit
        self.segments = Int64(segments)
        // Rounded up: a window is never shorter than asked for.
        length = (limit.period.saturatingNanoseconds + Int64(segments) - 1) / Int64(segments)
        origin = now
        // A debt of millions of windows costs no more than one of a thousand: what is before the last ones stands in one
        // entry, because only the last entry says where the next permits go.
        let (windows, rest) = (limit.limit - available).quotientAndRemainder(dividingBy: limit.limit)
        let merged = max(0, windows - 1_000)
        if merged > 0 { taken.append((firstSegment(ofWindow: merged - 1), merged * self.limit)) }
        for window in merged..<max(merged, windows) { taken.append((firstSegment(ofWindow: window), self.limit)) }
        if rest > 0 { taken.append((firstSegment(ofWindow: windows), rest)) }
    }

    private func firstSegment(ofWindow window: Int) -> Int64 {
        Int64(window).multipliedSaturated(by: segments)
    }

    mutating func available(at now: TimerInstant) -> Int {
        let present = advance(to: now)
        let reserved = taken.lazy.filter { $0.segment > present }.reduce(0) { $0 + $1.count }
        return limit - used(endingWith: present) - reserved
    }

    mutating func earliest(_ weight: Int, at now: TimerInstant) -> TimerInstant {
        let present = advance(to: now)
        // More than a window holds (a queue of callers) goes on for as many whole windows.
        let (windows, rest) = (weight - 1).quotientAndRemainder(dividingBy: limit)
        let segment = place(rest + 1, notBefore: present)
        let (sum, overflow) = segment.addingReportingOverflow(firstSegment(ofWindow: windows))
        return start(overflow ? .max : sum, now, present)
    }

    mutating func take(_ weight: Int, at now: TimerInstant, mayWait: Bool) -> TimerInstant {
        let present = advance(to: now)
        let segment = place(weight, notBefore: present)
        if segment == present || mayWait {
            if let last = taken.indices.last, taken[last].segment == segment {
                taken[last].count += weight
            } else {
                taken.append((segment, weight))
            }
        }
        return start(segment, now, present)
    }

    private func place(_ weight: Int, notBefore present: Int64) -> Int64 {
        var segment = max(present, taken.last?.segment ?? present)
        var used = used(endingWith: segment)
        // Entries that leave the window as it moves on, oldest first.
        for entry in taken where entry.segment > segment - segments {
            if used + weight <= limit { break }
            segment = entry.segment + segments
            used -= entry.count
        }
        return segment
    }

    private func used(endingWith segment: Int64) -> Int {
        taken.reduce(0) { $1.segment > segment - segments && $1.segment <= segment ? $0 + $1.count : $0 }
    }

    private mutating func advance(to now: TimerInstant) -> Int64 {
        latest = max(latest, (now.nanoseconds - origin.nanoseconds) / length)
        let first = taken.firstIndex { $0.segment > latest - segments } ?? taken.endIndex
        if first > 0 { taken.removeFirst(first) }
        return latest
    }

    private func start(_ segment: Int64, _ now: TimerInstant, _ present: Int64) -> TimerInstant {
        guard segment > present else { return now }
        return origin.advanced(by: .nanoseconds(segment.multipliedSaturated(by: length)))
    }
}

extension Int64 {
    /// For numbers that are not negative: an instant that no clock reaches stays one, instead of trapping.
    fileprivate func multipliedSaturated(by other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
