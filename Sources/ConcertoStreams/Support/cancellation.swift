/// Ends the wait of a consumer that has been cancelled: throws `CancellationError` where `Failure` can be one, and otherwise
/// returns, and the stream ends.
@inlinable @inline(never)
func throwIfItCanBe<Failure: Error>(_ error: any Error, as _: Failure.Type) throws(Failure) {
    if let failure = error as? Failure { throw failure }
}
