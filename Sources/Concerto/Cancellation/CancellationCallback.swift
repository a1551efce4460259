/// A callback in a source's list: a node that is linked under the source's lock, newest first.
@usableFromInline
final class CancellationCallback: @unchecked Sendable {  // everything but `id` is protected by the source's lock
    let id: UInt
    var action: (@Sendable () throws -> Void)?
    var older: CancellationCallback?
    unowned(unsafe) var newer: CancellationCallback?

    init(id: UInt, action: @escaping @Sendable () throws -> Void) {
        self.id = id
        self.action = action
    }
}
