/// What holds a process up: one verdict, the numbers that it stands on, and what to do.
///
/// ```swift
/// let report = try await BottleneckReport.measure(for: .seconds(10))
/// print(report.text)
/// // Verdict: blocked workers. In 19 of 20 looks tasks waited for a thread while 2 of 2 threads waited in the kernel …
/// ```
///
/// It looks at the process several times a second: at its tasks and their stacks, at the threads that wait in the kernel,
/// at the processor time that it got and waited for, and at the quota of its control group. All of it comes from outside of
/// the pool, so that what is measured cannot hold up the measurement.
public struct BottleneckReport: Sendable, Codable, Equatable {
    /// What a process can be held up by, the surest first: the first that holds is the verdict.
    public enum Verdict: String, Sendable, Codable, CaseIterable {
        /// Tasks wait for each other, for ever.
        case deadlock
        /// Tasks wait for threads, which wait in the kernel.
        case blockedWorkers
        /// The control group stops the process, which has used its share.
        case processorQuota
        /// Tasks wait for threads, which compute or wait for a processor.
        case processorSaturation
        /// Tasks wait for a limiter to let them in.
        case limiter
        /// Tasks wait for answers from elsewhere.
        case dependency
        /// Tasks wait for a lock or an actor.
        case lock
        /// Nothing of all this.
        case none
    }

    /// What holds the process up.
    public var verdict: Verdict
    /// One sentence.
    public var sentence: String
    /// The numbers, also those that rule out the others.
    public var evidence: [String]
    /// What to do; empty without a bottleneck.
    public var advice: String
    /// How long was looked, in seconds.
    public var seconds: Double
    /// How often was looked.
    public var looks: Int
    /// Looks that came too late to be taken: the process that measures had no processor.
    public var missedLooks: Int

    /// For a person.
    public var text: String {
        var lines = ["Verdict: \(sentence)"] + evidence.map { "  \($0)" }
        if !advice.isEmpty { lines.append("Do: \(advice)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// For programs: one line of JSON.
    public var jsonLine: String {
        JSONObject("report") {
            $0["verdict"] = .string(verdict.rawValue)
            $0["sentence"] = .string(sentence)
            $0["evidence"] = .strings(evidence)
            $0["advice"] = .string(advice)
            $0["milliseconds"] = .number(Int(seconds * 1_000))
            $0["looks"] = .number(looks)
            $0["missed"] = .number(missedLooks)
        }.text + "\n"
    }
}
