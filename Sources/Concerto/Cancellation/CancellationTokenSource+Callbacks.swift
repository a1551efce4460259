import ConcertoRuntime
import Synchronization

extension CancellationTokenSource {
    /// Adds a callback; `nil` if cancellation has been requested, so that the caller has to run it.
    @inlinable
    func add(_ action: @escaping @Sendable () throws -> Void) -> CancellationTokenRegistration? {
        if let id = putInPlace(action) { return CancellationTokenRegistration(source: self, node: nil, id: id) }
        return addSlowly(action)
    }

    @usableFromInline
    func addSlowly(_ action: @escaping @Sendable () throws -> Void) -> CancellationTokenRegistration? {
        if isRequested { return nil }
        return withDetails { state in
            // The request is only made under this lock: a callback that is added here will be seen by `cancel()`.
            if isRequested { return nil }
            if state.isDisposed { return CancellationTokenRegistration() }
            if !state.links.isEmpty, state.callbacks.isEmpty { for link in state.links { link.retain(self) } }
            let (node, id) = state.callbacks.add(action)
            return CancellationTokenRegistration(source: self, node: node, id: id)
        }
    }

    /// Takes a callback out.
    ///
    /// - Returns: Whether it was there.
    @inlinable
    func remove(_ node: CancellationCallback?, _ id: UInt) -> Bool {
        // What it captured is released after it has left its place: that may call back into this source.
        if node == nil, takeFromPlace(id) != nil { return true }
        return removeSlowly(node, id)
    }

    @usableFromInline
    func removeSlowly(_ node: CancellationCallback?, _ id: UInt) -> Bool {
        // Released outside the lock: what it captured may call back into this source. By capture, because a closure that
        // is handed out as a generic result costs an object.
        var action: (@Sendable () throws -> Void)?
        lock.withLock { _ in
            // Without details the place is open, and it has been asked.
            guard let state = details else { return }
            action = state.callbacks.remove(node, id)
            if !state.links.isEmpty, action != nil, state.callbacks.isEmpty {
                for link in state.links { link.release() }
            }
        }
        return action != nil
    }

    /// Calls `action` once the callback `id` has finished, if it runs now on another thread.
    ///
    /// - Returns: Whether `action` will be called.
    func whenFinished(_ id: UInt, _ action: @escaping @Sendable () -> Void) -> Bool {
        withDetails { state in
            guard let running = state.running, running.id == id, running.thread != .current else { return false }
            state.finishActions.append(action)
            return true
        }
    }

    /// Flips the state; exactly one caller gets `true`.
    ///
    /// - Parameter generation: The generation of the timer that asks; one that was replaced or taken back gets `false`.
    ///   Checked under the same lock, or `tryReset()` could come between the check and the flip.
    func begin(timer generation: UInt64? = nil) -> Bool {
        if isRequested { return false }
        let (won, timer) = withDetails { state -> (Bool, (any ScheduledTimer)?) in
            guard !isRequested, !state.isDisposed else { return (false, nil) }
            guard generation ?? state.timerGeneration == state.timerGeneration else { return (false, nil) }
            request()
            let timer = state.timer
            state.timer = nil
            state.timerGeneration += 1
            return (true, timer)
        }
        timer?.cancel()
        return won
    }

    /// Ends the source for its timer.
    ///
    /// Callbacks are foreign code; see ``CancellationThreads``.
    func expire(timer generation: UInt64) {
        guard begin(timer: generation) else { return }
        guard withDetails({ !$0.callbacks.isEmpty }) else {
            _ = runCallbacks()
            return
        }
        CancellationThreads.shared.run {
            for error in self.runCallbacks() { UnobservedError.raise(error, from: "a cancellation callback") }
        }
    }

    /// Runs the callbacks, newest first, each outside the lock and taken out before it runs.
    ///
    /// Those of a linked source run in the place of the link, before the next callback of the parent, but from this
    /// loop: chains of any length need no stack.
    func runCallbacks(stopAtFirstError: Bool = false) -> [any Error] {
        var parents: [(source: CancellationTokenSource, errors: [any Error])] = []
        var source = self
        var errors: [any Error] = []
        while true {
            let isStopped = stopAtFirstError && parents.isEmpty && !errors.isEmpty
            if !isStopped, let action = source.next() {
                do { try action() } catch let link as LinkedCancellation {
                    if link.child.begin() {
                        parents.append((source, errors))
                        (source, errors) = (link.child, [])
                        continue
                    }
                } catch {
                    errors.append(error)
                }
                source.finishRunning()
                continue
            }
            source.dropCallbacks()
            guard let parent = parents.popLast() else { return errors }
            let ownErrors = errors
            (source, errors) = parent
            // Errors in errors of any depth could not be destroyed without as deep a stack.
            if parents.count >= Self.deepestAggregate {
                errors += ownErrors
            } else if !ownErrors.isEmpty {
                errors.append(AggregateError(ownErrors))
            }
            source.finishRunning()
        }
    }

    /// Of a longer chain of links the errors of the last ones come out side by side.
    private static var deepestAggregate: Int { 64 }

    private func dropCallbacks() {
        let (links, dropped) = withDetails { state in
            let links = state.links
            state.links = []
            return (links, state.callbacks.removeAll())
        }
        _ = consume dropped
        for link in links { link.cut() }
    }

    private func next() -> (@Sendable () throws -> Void)? {
        var action: (@Sendable () throws -> Void)?
        withDetails { state in
            guard let newest = state.callbacks.popNewest() else { return }
            state.running = (newest.id, .current)
            action = newest.action
        }
        return action
    }

    private func finishRunning() {
        let actions = withDetails { state in
            state.running = nil
            let actions = state.finishActions
            state.finishActions = []
            return actions
        }
        for action in actions { action() }
    }

    func link(to parents: [CancellationToken]) {
        for parent in parents {
            guard let source = parent.source else { continue }
            let link = CancellationLink(to: self)
            // Held by the parent's callback alone; the child reaches it through `links` weakly.
            let registration = source.add { [anchor = link.anchor] in
                if let child = anchor.child { throw LinkedCancellation(child: child) }
            }
            guard let registration else {
                cancel()
                return
            }
            link.attach(registration)
            let cut = withDetails { state in
                guard !isRequested else { return true }
                state.links.append(link)
                return false
            }
            if cut { link.cut() }
        }
    }
}

/// What the callback of a link throws instead of cancelling its child inside: the loop that called it does that.
private struct LinkedCancellation: Error {
    let child: CancellationTokenSource
}
