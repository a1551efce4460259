public import ConcertoResilience

extension ResourcePool {
    /// Opens as many resources as are to be kept, and waits until they are there.
    ///
    /// - Cancellation: ends the wait; openings go on.
    /// - Parameter limit: How long to wait.
    /// - Throws: The error of the latest opening, or ``PoolTimeoutError``, when `limit` is over; `ClosedError`;
    ///   `CancellationError`.
    nonisolated(nonsending)
        public func warmUp(within limit: Duration = .seconds(30)) async throws
    {
        try await core.warmUp(limit)
    }

    /// Ends the pool: refuses new leases, fails who waits with `ClosedError`, closes what is idle, and waits until
    /// everything has been given back and closed. What is not back within `limit` is closed under its lease.
    ///
    /// - Cancellation: ends the wait for leases as `limit` does. It returns when nothing is left: no resource, no task.
    /// - Parameter limit: How long to wait for leases.
    nonisolated(nonsending)
        public func shutDown(limit: Duration = .seconds(30)) async
    {
        await core.shutDown(limit)
    }

    /// Closes everything that exists, as after a failover: what is idle now, what is leased when it is given back, what
    /// is being opened when it has been. New leases open anew.
    public func evictAll() {
        core.perform { state, now, work in state.evictAll(at: now, &work) }
    }

    /// Puts another maximum in force. Raised, it serves waiters at once; lowered, it closes what is idle now and what
    /// is leased as it is given back.
    public func update(maximum: Int) throws(InvalidOptionsError) {
        var options = core.options
        options.maximum = maximum
        options.minimum = min(options.minimum, max(maximum, 0))
        try options.validate()
        core.perform { state, now, work in state.resize(to: maximum, at: now, &work) }
    }

    /// Lets each resource serve as many leases at a time, as a server's setting for the streams of a connection asks
    /// for. Lowered, no resource gets a new lease until it serves fewer.
    public func update(leasesPerResource: Int) throws(InvalidOptionsError) {
        var options = core.options
        options.leasesPerResource = leasesPerResource
        try options.validate()
        core.perform { state, now, work in state.setCapacity(leasesPerResource, at: now, &work) }
    }
}
