import Synchronization

/// Where every random decision of this module comes from, so that a test can fix all of them with a seed.
///
/// Copies share their generator. Safe to use from many tasks at once; a seeded source gives a reproducible
/// *sequence*, so which task draws which number depends on the order in which they come.
public struct RandomSource: Sendable {
    private let draw: (@Sendable () -> UInt64)?

    /// The system's generator: unpredictable, without a lock.
    public static let system = RandomSource(draw: nil)

    /// A reproducible source (SplitMix64).
    ///
    /// - Parameter seed: Any number; equal seeds give equal sequences.
    public static func seeded(_ seed: UInt64) -> RandomSource {
        RandomSource(SplitMix64(seed: seed))
    }

    /// A source that draws from `generator`, under a lock.
    public init(_ generator: some RandomNumberGenerator & Sendable) {
        let shared = SharedGenerator(generator)
        self.init { shared.next() }
    }

    private init(draw: (@Sendable () -> UInt64)?) {
        self.draw = draw
    }

    /// The next 64 random bits.
    public func next() -> UInt64 {
        if let draw { return draw() }
        var system = SystemRandomNumberGenerator()
        return system.next()
    }

    /// A number drawn uniformly from [0, 1), in steps of 2⁻⁵³.
    public func nextUnit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }
}

private final class SharedGenerator<Generator: RandomNumberGenerator & Sendable>: Sendable {
    private let generator: Mutex<Generator>

    init(_ generator: Generator) {
        self.generator = Mutex(generator)
    }

    func next() -> UInt64 {
        generator.withLock { $0.next() }
    }
}

/// Sebastiano Vigna's SplitMix64: one addition and a mix per number, every seed is good.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
