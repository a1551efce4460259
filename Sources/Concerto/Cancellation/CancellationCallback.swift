/// A callback in a source's list: a node that is linked under the source's lock, newest first.
final class CancellationCallback: @unchecked Sendable {  // everything but `id` is protected by the source's lock
    let id: UInt64
    var action: (@Sendable () throws -> Void)?
    var older: CancellationCallback?
    unowned(unsafe) var newer: CancellationCallback?

    init(id: UInt64, action: @escaping @Sendable () throws -> Void) {
        self.id = id
        self.action = action
    }
}
