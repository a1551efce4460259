import Concerto
public import ConcertoRuntime

/// Hands the elements of an ``AsyncGenerator`` out; called like a function by its body.
public struct Yield<Element: Sendable>: Sendable {
    @usableFromInline let core: GeneratorCore<Element>?
    @usableFromInline let target: PushTarget<Element>?

    @inlinable
    init(_ core: GeneratorCore<Element>) {
        self.core = core
        target = nil
    }

    @inlinable
    init(_ target: PushTarget<Element>) {
        core = nil
        self.target = target
    }

    /// Hands `element` out and waits until the next one is asked for.
    ///
    /// - Throws: `CancellationError` once the loop has been left or its task has been cancelled, from every call on; in
    ///   ``AsyncGenerator/forEach(_:)`` what its closure throws.
    @inlinable
    nonisolated(nonsending)
        public func callAsFunction(_ element: Element) async throws
    {
        if let core {
            if core.gate.isAbandoned || isCurrentTaskCancelled() { throw CancellationError() }
            if core.isAhead {
                guard core.putIntoRing(element) else { return }
            } else {
                core.slot = element
            }
            await core.gate.pass()
            if core.gate.isAbandoned { throw CancellationError() }
        } else {
            // In place: a function between would be one more look at the executor.
            let target = target.unsafelyUnwrapped
            // A body that has caught the closure's failure hears of it again, and cannot go on.
            if let failure = target.failure { throw failure }
            if isCurrentTaskCancelled() { throw CancellationError() }
            do { try await target.each(element) } catch {
                target.failure = error
                throw error
            }
        }
    }
}

/// Where a pushed generator's elements go.
@usableFromInline
final class PushTarget<Element: Sendable>: @unchecked Sendable {
    // Sendable: body and closure run one inside the other, in one task.
    @usableFromInline let each: nonisolated(nonsending) (Element) async throws -> Void
    @usableFromInline @exclusivity(unchecked) var failure: (any Error)?

    @inlinable
    init(_ each: nonisolated(nonsending) @escaping (Element) async throws -> Void) { self.each = each }
}
