#if Observability
public import Synchronization

/// A whole number.
@usableFromInline
final class IntSeries: Series, @unchecked Sendable {
    // Sendable: an atomic.
    @usableFromInline let number = Atomic<Int64>(0)
    // Two series that lie side by side would otherwise share a cache line, and their threads would wait for each other.
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)

    override var value: MetricSnapshot.Value { .int(number.load(ordering: .relaxed)) }
    override var isTouched: Bool { number.load(ordering: .relaxed) != 0 }
}

/// A number.
@usableFromInline
final class DoubleSeries: Series, @unchecked Sendable {
    // Sendable: atomics. The first holds the bits of a `Double`.
    private let bits = Atomic<UInt64>(0)
    private let touched = Atomic<Bool>(false)
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0)

    override var value: MetricSnapshot.Value { .double(Double(bitPattern: bits.load(ordering: .relaxed))) }
    override var isTouched: Bool { touched.load(ordering: .relaxed) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
        touch()
    }

    func add(_ amount: Double) {
        addRelaxed(amount, to: bits)
        touch()
    }

    private func touch() {
        if !touched.load(ordering: .relaxed) { touched.store(true, ordering: .relaxed) }
    }
}

/// Adds to a `Double` that is kept as its bits.
@inline(__always)
func addRelaxed(_ amount: Double, to bits: borrowing Atomic<UInt64>) {
    var old = bits.load(ordering: .relaxed)
    while true {
        let new = (Double(bitPattern: old) + amount).bitPattern
        let (done, seen) = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
        if done { return }
        old = seen
    }
}
#endif
