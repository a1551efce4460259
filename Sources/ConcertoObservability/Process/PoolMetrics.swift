#if Observability
extension Meter {
    /// The counters of a pool, read from its ``ThreadPool/statistics`` when somebody asks; the pool pays nothing.
    ///
    /// - Parameters:
    ///   - pool: The pool; it is kept alive until the observations are cancelled.
    ///   - name: Tells several pools apart, as `concerto.thread_pool.name`.
    @discardableResult
    public func observe(_ pool: ThreadPool, named name: String? = nil) -> [MetricObservation] {
        let own: Attributes = name.map { ["concerto.thread_pool.name": .string($0)] } ?? [:]
        func number(
            _ metric: String, _ kind: MetricKind, _ unit: String, _ help: String, by key: String? = nil,
            _ read: @escaping @Sendable (ThreadPool.Statistics) -> [(of: String, is: Int64)]
        ) -> MetricObservation {
            observe("concerto.thread_pool." + metric, as: kind, unit: unit, help: help) { report in
                for part in read(pool.statistics) {
                    var attributes = own
                    if let key { attributes[key] = .string(part.of) }
                    report(attributes, .int(part.is))
                }
            }
        }
        return [
            number("thread.count", .upDownCounter, "{thread}", "Threads of the pool", by: "concerto.thread.state") {
                [
                    ("running", Int64($0.runningThreads)),
                    ("blocked", Int64($0.blockedThreads)),
                    ("idle", Int64($0.idleThreads)),
                ]
            },
            number("thread.injected", .counter, "{thread}", "Threads started in place of blocked ones") {
                [("", Int64($0.injectedThreads))]
            },
            number("thread.retired", .counter, "{thread}", "Threads that have ended") {
                [("", Int64($0.retiredThreads))]
            },
            number("work_item.count", .counter, "{work_item}", "Jobs that have run") {
                [("", Int64(clamping: $0.jobsCompleted))]
            },
            number("queue.length", .upDownCounter, "{work_item}", "Jobs that wait for a thread", by: "concerto.queue") {
                [
                    ("shared", Int64($0.sharedQueueLength)),
                    ("local", Int64($0.localQueueLength)),
                ]
            },
            observe("concerto.timer.count", as: .upDownCounter, unit: "{timer}", help: "Timers that wait") {
                $0(own, .int(Int64(pool.statistics.timersPending)))
            },
        ]
    }
}
#endif
