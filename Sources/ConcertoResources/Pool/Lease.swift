/// A resource that is lent by a ``ResourcePool`` until this value ends.
///
/// It cannot be copied, so it is given back once: when it is dropped, or ended with ``end()`` or ``discard()``, after
/// which the compiler lets nobody use it.
public struct Lease<Resource: Sendable>: ~Copyable, Sendable {
    @usableFromInline let core: PoolCore
    @usableFromInline let index: Int
    @usableFromInline let ticket: UInt64
    @usableFromInline let isUsable: (@Sendable (Resource) -> Bool)?
    @usableFromInline var isBroken = false
    @usableFromInline let box: any PooledObject

    @inlinable
    init(_ grant: PoolCore.Grant, _ core: PoolCore, _ isUsable: (@Sendable (Resource) -> Bool)?) {
        self.core = core
        self.isUsable = isUsable
        index = grant.index
        ticket = grant.ticket
        box = grant.resource
    }

    /// The resource. It must not be used after the lease has ended.
    @inlinable
    public var resource: Resource { ResourceBox<Resource>.resource(of: box) }

    /// Says that the resource is broken: it will be closed, and another opened for who waits.
    @inlinable
    public mutating func markBroken() { isBroken = true }

    /// Gives the resource back now.
    @inlinable
    public consuming func end() {}

    /// Ends the lease of a resource that is broken: see ``markBroken()``.
    @inlinable
    public consuming func discard() { isBroken = true }

    @inlinable
    deinit {
        let isBroken = isBroken || isUsable.map { !$0(resource) } ?? false
        core.giveBack(index, ticket, isBroken: isBroken)
    }
}
