/// The callbacks of a source that have not run: the first one in place, the others in nodes. Newest first out.
///
/// Lives under the lock of its source. Ids grow with every registration, so the newest callback is the one with the
/// highest id, wherever it is kept.
struct CancellationCallbackList: ~Copyable {
    private var inPlace: (@Sendable () throws -> Void)?
    private var inPlaceID: UInt
    private var newest: CancellationCallback?
    private var lastID: UInt

    /// Creates a list of the callback `id`, or of none; later ones get higher ids.
    init(first: (@Sendable () throws -> Void)?, id: UInt) {
        inPlace = first
        inPlaceID = id
        lastID = id
    }

    var isEmpty: Bool { inPlace == nil && newest == nil }

    /// Adds a callback; the node is `nil` if it is kept in place.
    mutating func add(_ action: @escaping @Sendable () throws -> Void) -> (node: CancellationCallback?, id: UInt) {
        lastID += 1
        if inPlace == nil {
            inPlace = action
            inPlaceID = lastID
            return (nil, lastID)
        }
        let node = CancellationCallback(id: lastID, action: action)
        node.older = newest
        newest?.newer = node
        newest = node
        return (node, lastID)
    }

    /// Takes a callback out; `nil` if it has left before.
    mutating func remove(_ node: CancellationCallback?, _ id: UInt) -> (@Sendable () throws -> Void)? {
        guard let node else {
            guard inPlaceID == id, let action = inPlace else { return nil }
            inPlace = nil
            return action
        }
        guard let action = node.action else { return nil }
        unlink(node)
        return action
    }

    /// Takes the newest callback out.
    mutating func popNewest() -> (action: @Sendable () throws -> Void, id: UInt)? {
        if let inPlace, inPlaceID > newest?.id ?? 0 {
            self.inPlace = nil
            return (inPlace, inPlaceID)
        }
        guard let node = newest, let action = node.action else { return nil }
        unlink(node)
        return (action, node.id)
    }

    private mutating func unlink(_ node: CancellationCallback) {
        node.action = nil
        node.older?.newer = node.newer
        if let newer = node.newer { newer.older = node.older } else { newest = node.older }
        node.older = nil
        node.newer = nil
    }

    /// Takes all callbacks out, newest first; whoever gets them releases them outside the lock.
    mutating func removeAll() -> [@Sendable () throws -> Void] {
        var all: [@Sendable () throws -> Void] = []
        while let (action, _) = popNewest() { all.append(action) }
        return all
    }
}
