public import ConcertoResilience

/// Keeps resources that are costly to open, such as connections, and lends them out.
///
/// ```swift
/// let database = ResourcePool("orders", PoolOptions { $0.maximum = 16 }) {
///     try await Connection.open()
/// } close: { connection in
///     await connection.close()
/// }
/// let rows = try await database.withResource { try await $0.query(sql) }
/// ```
///
/// - Cancellation: a waiting caller that is cancelled, or whose time is up, takes nothing; what is being opened for it
///   goes on and joins the pool. One that was granted at the same moment keeps its lease.
/// - Where it runs: callers on their own executor; `open`, `validate` and `close` in tasks of their own, which inherit
///   nothing from callers and have their own limits; nothing runs inside a return.
/// - Ordering: waiters strictly first in, first out; of idle resources the one that was used last is lent first.
/// - Allocates: a lease of an idle resource nothing, and it starts no timer; a wait an object, and a timer for its
///   limit.
/// - Errors: ``PoolTimeoutError`` with what the pool looked like; `ClosedError` after ``shutDown(limit:)``;
///   ``NestedLeaseError``; the error of an opening, if `failsFast` is set.
public final class ResourcePool<Resource: Sendable>: Sendable {
    @usableFromInline let core: PoolCore
    @usableFromInline let isUsable: (@Sendable (Resource) -> Bool)?

    /// Creates a pool. It opens nothing before its first use or ``warmUp(within:)``.
    ///
    /// - Parameters:
    ///   - name: What errors and statistics call it.
    ///   - options: How it keeps its resources.
    ///   - open: Opens a resource. It is cancelled when `openLimit` is over or the pool is shut down; what it returns
    ///     later is closed.
    ///   - validate: Whether a resource that was idle for longer than `validateAfter` still works; an error means that
    ///     it does not.
    ///   - isUsable: Looked at when a resource is given back, if it is cheap to know that it is broken.
    ///   - close: Closes a resource.
    /// - Throws: `InvalidOptionsError`, which names every field that cannot work.
    public init(
        _ name: String, validating options: PoolOptions,
        open: @escaping @Sendable () async throws -> Resource,
        validate: (@Sendable (Resource) async throws -> Bool)? = nil,
        isUsable: (@Sendable (Resource) -> Bool)? = nil,
        close: @escaping @Sendable (Resource) async -> Void = { _ in }
    ) throws(InvalidOptionsError) {
        try options.validate()
        self.isUsable = isUsable
        var checkBox: (@Sendable (any PooledObject) async throws -> Bool)?
        if let validate {
            checkBox = { box in try await validate(ResourceBox<Resource>.resource(of: box)) }
        }
        core = PoolCore(
            name, options,
            PoolCore.Functions(
                open: { ResourceBox(try await open()) },
                validate: checkBox,
                close: { box in await close(ResourceBox<Resource>.resource(of: box)) }))
    }

    /// Creates a pool; traps if an option is invalid. See ``init(_:validating:open:validate:isUsable:close:)``.
    public convenience init(
        _ name: String, _ options: PoolOptions = PoolOptions(),
        open: @escaping @Sendable () async throws -> Resource,
        validate: (@Sendable (Resource) async throws -> Bool)? = nil,
        isUsable: (@Sendable (Resource) -> Bool)? = nil,
        close: @escaping @Sendable (Resource) async -> Void = { _ in }
    ) {
        do {
            try self.init(
                name, validating: options, open: open, validate: validate, isUsable: isUsable, close: close)
        } catch {
            fatalError("\(error)\nWhere the values come from data, use the initializer that throws.")
        }
    }

    /// The pool's name.
    public var name: String { core.name }

    /// What the pool holds and has done. Costs the pool's lock and a look at each resource.
    public var statistics: PoolStatistics { core.statistics }

    /// Runs `body` with a resource and takes it back however `body` ends.
    ///
    /// - Parameters:
    ///   - wait: How long to wait at most, instead of the pool's `waitLimit`.
    ///   - fileID: Where it is taken, for messages; leave it alone.
    ///   - line: As `fileID`.
    ///   - body: What to do. It must not keep the resource.
    @inlinable
    nonisolated(nonsending)
        public func withResource<Success>(
            wait: Duration? = nil, fileID: StaticString = #fileID, line: UInt = #line,
            _ body: nonisolated(nonsending) (Resource) async throws -> Success
        ) async throws -> Success
    {
        let holder = withUnsafeCurrentTask { $0.map { unsafeBitCast($0, to: UInt.self) } ?? 0 }
        let lease = try await lease(wait, PoolSite(fileID: fileID, line: line), holder)
        return try await body(lease.resource)
    }

    /// Takes a resource, which is given back when the lease is dropped or ended.
    ///
    /// - Parameters:
    ///   - wait: How long to wait at most, instead of the pool's `waitLimit`.
    ///   - fileID: Where it is taken, for messages; leave it alone.
    ///   - line: As `fileID`.
    @inlinable
    nonisolated(nonsending)
        public func lease(
            wait: Duration? = nil, fileID: StaticString = #fileID, line: UInt = #line
        ) async throws -> Lease<Resource>
    {
        try await lease(wait, PoolSite(fileID: fileID, line: line), 0)
    }

    /// Takes a resource if one is idle and nobody waits.
    @inlinable
    public func tryLease(fileID: StaticString = #fileID, line: UInt = #line) -> Lease<Resource>? {
        guard let grant = core.tryTake(PoolSite(fileID: fileID, line: line), 0) else { return nil }
        return Lease(grant, core, isUsable)
    }

    @inlinable
    nonisolated(nonsending)
        func lease(_ wait: Duration?, _ site: PoolSite, _ holder: UInt) async throws -> Lease<Resource>
    {
        if !Task.isCancelled, let grant = core.tryTake(site, holder) { return Lease(grant, core, isUsable) }
        return Lease(try await core.wait(wait, site, holder), core, isUsable)
    }
}

/// Holds a resource for the core, which does not know its type.
@usableFromInline
final class ResourceBox<Resource: Sendable>: Sendable {
    @usableFromInline let resource: Resource

    init(_ resource: Resource) { self.resource = resource }

    /// What `box` holds; it must have been made for this type.
    @inlinable
    static func resource(of box: any PooledObject) -> Resource {
        unsafeDowncast(box, to: ResourceBox<Resource>.self).resource
    }
}
