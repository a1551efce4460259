#if Lint
/// Every rule there is.
public enum RuleCatalog {
    static let types: [any Rule.Type] = [
        ActorReentrancy.self,
        AsyncLetDiscarded.self,
        AsyncWithoutAwait.self,
        BlockingCallInAsync.self,
        CancellationErrorSwallowed.self,
        ContinuationNotResumed.self,
        ContinuationResumedTwice.self,
        DeferBeforeUnstructuredTask.self,
        DetachedTask.self,
        DiscardedCancellationCheck.self,
        GroupRaceWithoutCancel.self,
        LockHeldAcrossAwait.self,
        LoopIgnoresCancellation.self,
        PollingLoop.self,
        RetryIgnoresCancellation.self,
        RetryWithoutBackoff.self,
        SleepCancellationSwallowed.self,
        StreamProducerNotCancelled.self,
        SyncOverAsyncBridge.self,
        ThrowingGroupNeverAwaited.self,
        UnboundedTaskGroup.self,
        UnobservedTaskError.self,
        UnstructuredAwait.self,
    ]

    static let rules: [any Rule] = types.map { $0.init() }

    /// The pages of all rules and their parts, by id.
    public static let pages: [RulePage] =
        (types.flatMap { [$0.page] + $0.parts } + [Suppressions.unusedPage, Suppressions.invalidPage])
        .sorted { $0.id < $1.id }

    private static let byId = Dictionary(uniqueKeysWithValues: pages.map { ($0.id, $0) })

    /// The page of a rule.
    public static func page(of id: String) -> RulePage? { byId[id] }
}
#endif
