#if Lint
/// Every rule there is.
public enum RuleCatalog {
    static let types: [any Rule.Type] = [
        ActorReentrancy.self,
        AssertionInUnawaitedTask.self,
        AsyncLetDiscarded.self,
        AsyncWithoutAwait.self,
        BlockingCallInAsync.self,
        CancelBeforeRegister.self,
        CancellationErrorSwallowed.self,
        CancellationShownAsFailure.self,
        CleanupInCancelledTask.self,
        CompletionCalledTwice.self,
        ContinuationNotCancellable.self,
        ContinuationNotResumed.self,
        ContinuationResumedTwice.self,
        DeferBeforeUnstructuredTask.self,
        DetachedTask.self,
        DiscardedCancellationCheck.self,
        EndlessIterationRetainsSelf.self,
        ForcedTryOnAwait.self,
        GroupNeverDrained.self,
        GroupRaceWithoutCancel.self,
        LockHeldAcrossAwait.self,
        LockNotReleased.self,
        LoopIgnoresCancellation.self,
        PollingLoop.self,
        ResumeUnderLock.self,
        RetryIgnoresCancellation.self,
        RetryWithoutBackoff.self,
        SleepCancellationSwallowed.self,
        StoredContinuationNotCleared.self,
        StoredContinuationOverwritten.self,
        StreamContinuationWithoutTermination.self,
        StreamIteratedTwice.self,
        StreamNeverFinished.self,
        StreamProducerNotCancelled.self,
        SyncOverAsyncBridge.self,
        TaskInDefer.self,
        TaskInTask.self,
        TaskRestartsItself.self,
        ThrowingGroupNeverAwaited.self,
        UnboundedStreamBuffer.self,
        UnboundedTaskGroup.self,
        UncheckedSendableWithoutLock.self,
        UnobservedTaskError.self,
        UnstructuredAwait.self,
        WaitBeforeDrain.self,
    ]

    static let rules: [any Rule] = types.map { $0.init() }

    /// The pages of all rules and their parts, by id.
    public static let pages: [RulePage] =
        (types.flatMap { [$0.page] + $0.parts } + [
            Suppressions.unusedPage, Suppressions.invalidPage, UnparsableFile.page,
        ])
        .sorted { $0.id < $1.id }

    private static let byId = Dictionary(uniqueKeysWithValues: pages.map { ($0.id, $0) })

    /// The page of a rule.
    public static func page(of id: String) -> RulePage? { byId[id] }
}
#endif
