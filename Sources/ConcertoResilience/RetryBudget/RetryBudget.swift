/// Limits retries to a share of the calls, so that a dependency in trouble is not buried under them.
///
/// Every call deposits, every retry withdraws; both are forgotten after ``Options/ttl``. With the defaults retries add at
/// most 20 % to the load, or 10 a second where there is little load. Share one budget among everything that calls the
/// same dependency; a ``Retry`` makes one of its own by default.
///
/// Source: Twitter Finagle's `RetryBudget`.
public final class RetryBudget: Sendable {
    /// How much a budget allows.
    public struct Options: Sendable, Hashable {
        /// How long a deposit counts: 1 s to 60 s. Default 10 s.
        public var ttl = Duration.seconds(10)
        /// Retries a second that are allowed without any deposit: 0, or at least one within `ttl`. Default 10. A
        /// whole `ttl`'s worth may be used at once.
        public var minimumPerSecond = 10.0
        /// Retries per call: 0, or 0.0001 to 1,000. Default 0.2.
        public var ratio = 0.2

        /// The defaults.
        public init() {}

        /// Names every field that cannot work.
        public func validate() throws(InvalidOptionsError) {
            var check = OptionsCheck("RetryBudget")
            check.require(
                ttl >= .seconds(1) && ttl <= .seconds(60), "ttl", ttl, "between 1 second and 60 seconds")
            check.require(
                ratio == 0 || (0.0001...1_000).contains(ratio), "ratio", ratio, "0, or between 0.0001 and 1000")
            let perWindow = minimumPerSecond * Double(ttl.saturatingNanoseconds) / 1e9
            check.require(
                minimumPerSecond == 0 || (perWindow >= 1 && minimumPerSecond <= 1_000_000), "minimumPerSecond",
                minimumPerSecond, "0, or enough for one retry within ttl, and at most 1000000")
            try check.finish()
        }
    }

    /// Stands for a budget of the retry's own, with the defaults and on the retry's clock. Not to be used by itself.
    public static let own = RetryBudget()

    /// What is in force.
    public var options: Options { present.withLock { $0 } }
    private let present: Guarded<Options>
    private let queue: AdmissionQueue<RetryBudgetLedger>

    /// Creates a budget from options that come from data.
    public init(options: Options, clock: any TimerClock = MonotonicClock()) throws(InvalidOptionsError) {
        try options.validate()
        present = Guarded(options)
        queue = AdmissionQueue(RetryBudgetLedger(options), clock: StrategyClock(clock))
    }

    /// Creates a budget; traps if a value is invalid. See ``Options`` for each parameter.
    public convenience init(
        ratio: Double = 0.2, minimumPerSecond: Double = 10, ttl: Duration = .seconds(10),
        clock: any TimerClock = MonotonicClock()
    ) {
        var options = Options()
        options.ratio = ratio
        options.minimumPerSecond = minimumPerSecond
        options.ttl = ttl
        do { try self.init(options: options, clock: clock) } catch { trapOnInvalidOptions(error) }
    }

    /// Puts other options in force. What was deposited and withdrawn stays so; retries that wait may get their turn.
    public func update(to options: Options) throws(InvalidOptionsError) {
        try options.validate()
        present.withLock { $0 = options }
        queue.update { ledger, now in ledger.change(to: options, at: now) }
    }

    /// Counts a call that is not a retry.
    public func deposit() {
        queue.update { ledger, now in ledger.deposit(at: now) }
    }

    func deposit(_ context: ResilienceContext) {
        queue.update(at: context.now(on: queue.clock)) { ledger, now in ledger.deposit(at: now) }
    }

    /// Takes one retry out of the budget, if it allows one and nobody waits for it.
    ///
    /// - Returns: Whether the retry may be made.
    public func tryWithdraw() -> Bool {
        tryTake() != nil
    }

    /// A retry that was taken out of a budget: when, so that what is given back is forgotten when it would have been.
    struct Withdrawal: Sendable {
        fileprivate let slot: AdmissionGrant?

        /// Out of no budget.
        static let ofNothing = Withdrawal(slot: nil)
    }

    func tryTake() -> Withdrawal? { queue.tryAdmit().map { Withdrawal(slot: $0) } }

    /// Puts back a retry that was not made after all.
    func giveBack(_ withdrawal: Withdrawal) {
        guard let slot = withdrawal.slot else { return }
        queue.update { ledger, now in ledger.giveBack(slot, at: now) }
    }

    /// Waits, first come, first served, until the budget allows a retry, and takes it.
    ///
    /// - Cancellation: ends the wait with `CancellationError`; nothing is taken.
    public func withdraw() async throws {
        _ = try await queue.admit(before: .distantFuture)
    }

    /// How many retries the budget allows now.
    public var balance: Int {
        queue.update { ledger, now in ledger.balance(at: now) }
    }

    /// How long a retry would have to wait by what is known now, behind those who wait already: zero if it may be made
    /// at once, `nil` if only further calls can make room for it.
    public var nextAvailable: Duration? { queue.wait(1) }

    /// How many retries wait for the budget.
    public var waiting: Int { queue.statistics.waiters }

    /// What a wait is measured with.
    var clock: StrategyClock { queue.clock }

    /// Waits no longer than until `deadline` of `clock`.
    ///
    /// - Returns: The retry that may be made; `nil` if none may.
    nonisolated(nonsending)
        func withdraw(before deadline: TimerInstant, on clock: StrategyClock) async throws -> Withdrawal?
    {
        var limit = deadline
        if deadline != .distantFuture, !clock.isSame(as: queue.clock) {
            limit = queue.clock.now.advanced(by: clock.now.duration(to: deadline))
        }
        guard case .granted(let slot) = try await queue.admit(before: limit) else { return nil }
        return Withdrawal(slot: slot)
    }
}
