/// Where the innermost body leaves its result for strategies that look at it.
///
/// Unchecked: one execution owns it, and an execution is sequential. The operation, the strategies and a timeout's
/// child task take turns, each awaited by the one before; nobody reads while another writes.
@usableFromInline
final class ResultSlot: @unchecked Sendable {
    @usableFromInline var value: Any?

    @usableFromInline
    init() {}
}
