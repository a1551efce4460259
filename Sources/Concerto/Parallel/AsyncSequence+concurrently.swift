import Synchronization

extension AsyncSequence where Element: Sendable {
    /// Calls `transform` for every element, at most `limit` at a time, and returns the results.
    ///
    /// The caller reads the sequence, on its own isolation, one element when a worker is free for it; everything else is
    /// as for ``Swift/Sequence/mapConcurrently(limit:ordered:cancellation:_:)``. A sequence that throws has failed as a
    /// body does.
    nonisolated(nonsending)
        public func mapConcurrently<Value: Sendable>(
            limit: Int, ordered: Bool = true, cancellation: CancellationToken = .none,
            _ transform: @Sendable (Element) async throws -> Value
        ) async throws -> [Value]
    {
        let results = ResultBuffer<Value>()
        try await runPulling(self, limit: limit, cancellation: cancellation) { index, element in
            let value = try await transform(element)
            let slot = ordered ? index : results.arrivals.add(1, ordering: .relaxed).oldValue
            results.append([(slot, value)])
        }
        return results.take()
    }

    /// Calls `body` for every element, at most `limit` at a time, in constant memory.
    ///
    /// See ``mapConcurrently(limit:ordered:cancellation:_:)``.
    nonisolated(nonsending)
        public func forEachConcurrently(
            limit: Int, cancellation: CancellationToken = .none, _ body: @Sendable (Element) async throws -> Void
        ) async throws
    {
        try await runPulling(self, limit: limit, cancellation: cancellation) { _, element in try await body(element) }
    }
}

/// A loop over an asynchronous sequence: the caller pulls, because the iterator may be tied to its isolation, and hands
/// each element to a worker that is free.
nonisolated(nonsending)
    func runPulling<Source: AsyncSequence>(
        _ source: Source, limit: Int, cancellation: CancellationToken,
        _ body: @Sendable (Int, Source.Element) async throws -> Void
    ) async throws where Source.Element: Sendable
{
    guard limit > 0 else { throw ArgumentError("limit", limit, "it must be at least 1") }
    if isCurrentTaskCancelled() || cancellation.isCancellationRequested { throw CancellationError() }
    let loop = LoopState<Source.Element>()
    // A failing body has to reach the caller while it waits for the source's next element.
    let failure = CancellationTokenSource(linkedTo: cancellation)
    // The scope's body stays on the caller's isolation and is awaited: the source does not cross anything.
    nonisolated(unsafe) let source = source
    await withCancellation(of: failure.token) { await pull(source, limit, loop, failure, body) }
    failure.dispose()
    try loop.finish(isCancelled: isCurrentTaskCancelled() || cancellation.isCancellationRequested)
}

private func pull<Source: AsyncSequence>(
    _ source: Source, _ limit: Int, _ loop: LoopState<Source.Element>, _ failure: CancellationTokenSource,
    _ body: @Sendable (Int, Source.Element) async throws -> Void,
    isolation: isolated (any Actor)? = #isolation
) async where Source.Element: Sendable {
    let free = AsyncSemaphore(permits: limit)
    let inbox = UnboundedChannel<(Int, Source.Element)>()
    await withoutActuallyEscaping(body) { body in
        _ = isolation
        await withTaskGroup(of: Void.self) { group in
            let placement = TaskPlacement.ofChildren
            var iterator = source.makeAsyncIterator()
            var index = 0
            do {
                while true {
                    try await free.acquire()
                    guard let element = try await iterator.next(isolation: isolation) else { break }
                    let item = (index, element)
                    // Never more in the inbox than workers that are free.
                    if index >= limit {
                        _ = inbox.tryWrite(item)
                    } else {
                        group.addTask(executorPreference: placement) {
                            await work(item, from: inbox, free, loop, failure, body)
                        }
                    }
                    index += 1
                }
            } catch {
                // Cancelled because a body failed, or from outside: that has been noted, or will be.
                if !(error is CancellationError && (isCurrentTaskCancelled() || loop.hasFailed)) {
                    loop.fail(error)
                    failure.cancel()
                }
            }
            inbox.tryComplete()
            await group.waitForAll()
        }
    }
}

private func work<Element: Sendable>(
    _ first: (Int, Element), from inbox: UnboundedChannel<(Int, Element)>, _ free: AsyncSemaphore,
    _ loop: LoopState<Element>, _ failure: CancellationTokenSource,
    _ body: @Sendable (Int, Element) async throws -> Void
) async {
    var item: (Int, Element)? = first
    while let (index, element) = item {
        do {
            try await body(index, element)
            // Not only the loop is cancelled with an error of its own: a body may have cancelled just this worker, whose
            // elements nobody would take.
            if isCurrentTaskCancelled() { throw CancellationError() }
        } catch {
            loop.fail(error)
            failure.cancel()
            return
        }
        _ = try? free.release()
        item = try? await inbox.core.readOrEnd(.none)
    }
}
