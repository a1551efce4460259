import Synchronization

/// What happened, in order.
final class Recorder<Entry: Sendable>: Sendable {
    private let storage = Mutex<[Entry]>([])

    var entries: [Entry] { storage.withLock { $0 } }
    var count: Int { storage.withLock { $0.count } }

    func record(_ entry: Entry) { storage.withLock { $0.append(entry) } }

    func removeAll() {
        let entries = storage.withLock { storage in
            defer { storage = [] }
            return storage
        }
        _ = consume entries
    }
}

/// A number that many threads add to.
final class Counter: Sendable {
    private let storage = Atomic(0)

    var value: Int { storage.load(ordering: .sequentiallyConsistent) }

    @discardableResult
    func add(_ amount: Int = 1) -> Int {
        storage.add(amount, ordering: .sequentiallyConsistent).newValue
    }
}

struct Failure: Error, Equatable {
    let number: Int

    init(_ number: Int = 0) { self.number = number }
}
