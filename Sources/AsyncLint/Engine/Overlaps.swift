#if Lint
/// Where two rules speak of one mistake at one place, one gives way: the one that says less.
enum Overlaps {
    private static let pairs: [(stays: String, goes: String)] = [
        ("sync-over-async-bridge", "blocking-call-in-async"),
        ("lock-held-across-await", "blocking-call-in-async"),
        ("retry-without-backoff", "retry-ignores-cancellation"),
        ("unstructured-await", "detached-task"),
        ("task-in-task", "unobserved-task-error"),
        ("task-in-defer", "unobserved-task-error"),
        ("cancellation-shown-as-failure", "cancellation-error-swallowed"),
        ("stored-continuation-not-cleared", "stored-continuation-overwritten"),
    ]

    static func resolved(_ findings: [Finding]) -> [Finding] {
        guard findings.count > 1 else { return findings }
        let places = Set(findings.map { Place(rule: $0.rule, offset: $0.start.offset) })
        return findings.filter { finding in
            !pairs.contains { pair in
                pair.goes == finding.rule
                    && places.contains(Place(rule: pair.stays, offset: finding.start.offset))
            }
        }
    }

    private struct Place: Hashable {
        let rule: String
        let offset: Int
    }
}
#endif
