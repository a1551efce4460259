import ConcertoResilience
import Foundation

/// A random source whose seed is printed; `CONCERTO_TEST_SEED` repeats a run.
func seeded(_ test: String = #function) -> RandomSource {
    let given = ProcessInfo.processInfo.environment["CONCERTO_TEST_SEED"].flatMap(UInt64.init)
    let seed = given ?? UInt64.random(in: 0 ..< .max)
    print("\(test): CONCERTO_TEST_SEED=\(seed)")
    return .seeded(seed)
}

extension RandomSource {
    func int(below limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
