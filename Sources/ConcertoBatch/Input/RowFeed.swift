#if Batch
/// Where the workers of a run have their rows from.
protocol RowFeed: Sendable {
    /// The next row, or `nil` when there will be none.
    ///
    /// - Parameters:
    ///   - weight: What is given back of a row before.
    ///   - host: Whose share that was.
    ///   - willWait: Called if there is no row yet.
    func next(
        returning weight: Int, of host: String?, willWait: () -> Void
    ) async throws -> RowSource.Entry?

    /// Gives back what a row weighed that nobody holds any more.
    func putBack(_ weight: Int, of host: String?)
}
#endif
