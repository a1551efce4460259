#if Observability
/// The buckets of an exponential histogram: at scale `s` bucket `i` holds (2^(i/2ˢ), 2^((i+1)/2ˢ)].
/// Source: OpenTelemetry's metrics data model.
enum ExponentialScale {
    /// The scale in which values are recorded: eight buckets an octave.
    static let recorded = 3
    /// The first and the last bucket that is kept; what lies outside is counted in the nearest. The last octave ends above
    /// the highest bound that Prometheus sees, so that what is too large is above it there too.
    static let first = -240
    static let last = 327
    static let count = last - first + 1

    /// The inner bounds of an octave: 2^(1/8) … 2^(7/8).
    private static let steps: (Double, Double, Double, Double, Double, Double, Double) = (
        1.0905077326652577, 1.189207115002721, 1.2968395546510096, 1.4142135623730951, 1.5422108254079407,
        1.681792830507429, 1.8340080864093424
    )

    /// The bucket of a finite value above zero, at the recorded scale. A power of two ends a bucket, exactly.
    static func index(of value: Double) -> Int {
        guard value.isNormal else { return first }
        let mantissa = value.significand
        let octave = Int(value.exponent) * 8
        if mantissa == 1 { return octave - 1 }
        var step = mantissa > steps.3 ? 4 : 0
        if step == 4 {
            if mantissa > steps.5 { step = mantissa > steps.6 ? 7 : 6 } else if mantissa > steps.4 { step = 5 }
        } else {
            if mantissa > steps.1 { step = mantissa > steps.2 ? 3 : 2 } else if mantissa > steps.0 { step = 1 }
        }
        return octave + step
    }

    /// The bucket at the recorded scale that ends at 2^((index+1)/8).
    static func upperBound(of index: Int) -> Double {
        let octave = (index + 1) >> 3
        let step = [
            1, steps.0, steps.1, steps.2, steps.3, steps.4, steps.5, steps.6,
        ][(index + 1) & 7]
        return Double(sign: .plus, exponent: octave, significand: step)
    }
}
#endif
