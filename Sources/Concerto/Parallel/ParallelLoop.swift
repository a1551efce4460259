public import Synchronization

/// Runs workers that pull from one source until it is empty or a body fails.
///
/// A worker is started with an item in hand, so a source of three never starts more than three, and then pulls its
/// own: a task per worker, not per item.
@inlinable
nonisolated(nonsending)
    func runWorkers<Element: Sendable>(
        _ loop: LoopState<Element>, limit: Int, cancellation: CancellationToken,
        _ worker: @Sendable (LoopState<Element>, _ first: (index: Int, element: Element)) async -> Void
    ) async throws
{
    guard limit > 0 else { throw ArgumentError("limit", limit, "it must be at least 1") }
    if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
    try await withCancellation(of: cancellation) {
        try await withoutActuallyEscaping(worker) { worker in
            await withTaskGroup(of: Void.self) { group in
                let placement = TaskPlacement.ofChildren
                var workers = 0
                while workers < limit, !isCurrentTaskCancelled(), let first = loop.next() {
                    workers += 1
                    group.addTask(executorPreference: placement) { await worker(loop, first) }
                }
                // A worker that failed ends at once, and this tells the others.
                for await _ in group where loop.hasFailed { group.cancelAll() }
            }
            try loop.finish(isCancelled: isCurrentTaskCancelled())
        }
    }
}

/// What a worker of a loop without results does.
@inlinable
func pull<Element: Sendable>(
    from loop: LoopState<Element>, _ first: (index: Int, element: Element),
    _ body: @Sendable (Element) async throws -> Void
) async {
    var item: (index: Int, element: Element)? = first
    while let current = item {
        do { try await body(current.element) } catch { return loop.fail(error) }
        // Not only the loop is cancelled with an error of its own: a body may have cancelled just this worker.
        if isCurrentTaskCancelled() { return loop.fail(CancellationError()) }
        item = loop.next()
    }
}

/// What a worker of a map does.
@inlinable
func pull<Element: Sendable, Value: Sendable>(
    from loop: LoopState<Element>, _ first: (index: Int, element: Element), into results: ResultBuffer<Value>,
    ordered: Bool, _ transform: @Sendable (Element) async throws -> Value
) async {
    var own: ResultBuffer<Value>.Chunk = []
    var item: (index: Int, element: Element)? = first
    while let current = item {
        do {
            let value = try await transform(current.element)
            let slot = ordered ? current.index : results.arrivals.add(1, ordering: .relaxed).oldValue
            own.append((slot, value))
        } catch {
            return loop.fail(error)
        }
        if isCurrentTaskCancelled() { return loop.fail(CancellationError()) }
        item = loop.next()
    }
    results.append(own)
}
