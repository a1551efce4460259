import Concerto
import ConcertoRuntime

/// A stream did something else than its diagram says.
public struct MarbleMismatch: Error, Hashable, CustomStringConvertible {
    /// What was expected.
    public let expected: MarbleDiagram
    /// What came out.
    public let seen: MarbleDiagram

    /// Both, one below the other.
    public var description: String { "expected \(expected)\n    seen \(seen)" }
}

/// Checks what an operator makes of a hot source, in virtual time.
///
/// ```swift
/// try expect("ab--c|", { $0.debounced(for: .ticks(2), clock: $1) }, "---b-(c|)")
/// ```
///
/// - Parameters:
///   - input: What the source does, from tick 0.
///   - make: Makes the stream under test of the source and the clock.
///   - expected: What must come out.
///   - busy: How many ticks the consumer takes for an element.
/// - Throws: ``MarbleMismatch``; what `make` throws.
public func expect<Stream: AsyncSequence & Sendable>(
    _ input: MarbleDiagram, _ make: (MarbleSource, ManualClock) throws -> Stream,
    _ expected: MarbleDiagram, busy: Int = 0
) throws {
    let marbles = Marbles()
    let seen = marbles.run(try make(marbles.hot(input), marbles.clock), busy: busy)
    guard seen == expected else { throw MarbleMismatch(expected: expected, seen: seen) }
}
