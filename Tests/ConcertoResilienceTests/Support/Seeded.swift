import ConcertoResilience

/// A random source whose seed is printed, so that a failure can be repeated.
func seeded(_ test: String = #function) -> RandomSource {
    let seed = UInt64.random(in: 0 ..< .max)
    print("\(test): seed \(seed)")
    return .seeded(seed)
}

extension RandomSource {
    func int(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
