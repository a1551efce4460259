/// Fixed windows (one segment) and sliding windows (several): how much was taken in which segment of time.
///
/// Segment `s` may take what the `segments − 1` before it leave of the limit. Permits are placed in the earliest
/// segment that has room for all of them and is not before the latest one in use, so that reservations keep their order;
/// placed in the present segment, they are admitted now.
struct RateWindows: Sendable {
    /// What was taken up to the end of a segment that something was taken in.
    private struct Entry: Sendable {
        let segment: Int64
        /// Since the beginning, modulo 2⁶⁴: only differences are of interest.
        var through: Int
    }

    private let limit: Int
    private let segments: Int64
    private let length: Int64
    private let origin: TimerInstant
    private var latest = Int64(0)
    /// By segment, in order: at most `segments` entries and those of reservations to come. What has expired stands before
    /// `head` until it is half of all: so no caller pays for how many reservations there are.
    private var taken: [Entry] = []
    private var head = 0
    /// What had been taken before the first entry.
    private var expired = 0

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
        if merged > 0 { append(merged * self.limit, to: firstSegment(ofWindow: merged - 1)) }
        for window in merged..<max(merged, windows) { append(self.limit, to: firstSegment(ofWindow: window)) }
        if rest > 0 { append(rest, to: firstSegment(ofWindow: windows)) }
    }

    private func firstSegment(ofWindow window: Int) -> Int64 {
        Int64(window).multipliedSaturated(by: segments)
    }

    mutating func available(at now: TimerInstant) -> Int {
        let present = advance(to: now)
        // What is reserved for later counts too.
        return limit - (total &- through(present - segments))
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
            append(weight, to: segment)
        }
        return start(segment, now, present)
    }

    private mutating func append(_ weight: Int, to segment: Int64) {
        if let last = taken.indices.last, last >= head, taken[last].segment == segment {
            taken[last].through &+= weight
        } else {
            taken.append(Entry(segment: segment, through: total &+ weight))
        }
    }

    private func place(_ weight: Int, notBefore present: Int64) -> Int64 {
        let segment = max(present, taken.last?.segment ?? present)
        let excess = (total &- through(segment - segments)) - (limit - weight)
        guard excess > 0 else { return segment }
        // The window moves on until the entries that it leaves behind, oldest first, are as much as is too much.
        let base = through(segment - segments)
        let last = firstIndex { $0.through &- base >= excess }
        return last < taken.endIndex ? taken[last].segment + segments : segment
    }

    /// What has been taken in all.
    private var total: Int { taken.last?.through ?? expired }

    /// What has been taken up to the end of `segment`.
    private func through(_ segment: Int64) -> Int {
        let next = firstIndex { $0.segment > segment }
        return next > head ? taken[next - 1].through : expired
    }

    /// The first entry for which `isBeyond` holds, which it does for all after that one.
    private func firstIndex(where isBeyond: (Entry) -> Bool) -> Int {
        var (low, high) = (head, taken.endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isBeyond(taken[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func advance(to now: TimerInstant) -> Int64 {
        latest = max(latest, (now.nanoseconds - origin.nanoseconds) / length)
        while head < taken.endIndex, taken[head].segment <= latest - segments {
            expired = taken[head].through
            head += 1
        }
        if head == taken.endIndex || head > 32 && head > taken.count / 2 {
            taken.removeFirst(head)
            head = 0
        }
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
