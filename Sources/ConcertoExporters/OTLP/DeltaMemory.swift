#if Exporters
/// What the export before said, so that this one can say what is new.
struct DeltaMemory {
    private struct Key: Hashable {
        var scope: String
        var name: String
        var attributes: Attributes
    }

    private var last: [Key: MetricSnapshot.Value] = [:]

    /// The same metrics with what is new since the call before. A counter that went back began anew.
    mutating func differences(_ metrics: [MetricSnapshot]) -> [MetricSnapshot] {
        var now: [Key: MetricSnapshot.Value] = [:]
        let result = metrics.map { metric in
            guard metric.kind == .counter || metric.kind == .histogram else { return metric }
            var changed = metric
            changed.points = metric.points.map { point in
                let key = Key(scope: metric.scope, name: metric.name, attributes: point.attributes)
                now[key] = point.value
                var new = point
                if let before = last[key] { new.value = Self.difference(point.value, before) }
                return new
            }
            return changed
        }
        last = now
        return result
    }

    private static func difference(
        _ now: MetricSnapshot.Value, _ before: MetricSnapshot.Value
    ) -> MetricSnapshot.Value {
        switch (now, before) {
        case (.int(let now), .int(let before)): return .int(now >= before ? now - before : now)
        case (.double(let now), .double(let before)): return .double(now >= before ? now - before : now)
        case (.histogram(var now), .histogram(let before)):
            guard now.bounds == before.bounds, zip(now.counts, before.counts).allSatisfy({ $0 >= $1 }) else { break }
            for place in now.counts.indices { now.counts[place] -= before.counts[place] }
            now.sum -= before.sum
            return .histogram(now)
        case (.exponential(var now), .exponential(let before)):
            guard now.scale == before.scale, now.zeros >= before.zeros else { break }
            for (place, count) in before.counts.enumerated() {
                let place = before.offset + place - now.offset
                guard now.counts.indices.contains(place), now.counts[place] >= count else { return .exponential(now) }
                now.counts[place] -= count
            }
            now.zeros -= before.zeros
            now.sum -= before.sum
            return .exponential(now)
        default: break
        }
        return now
    }
}
#endif
