import Foundation
import Synchronization

/// What happened, in order.
final class Log: Sendable {
    private let storage = Mutex<[String]>([])

    var entries: [String] { storage.withLock { $0 } }

    func add(_ entry: String) { storage.withLock { $0.append(entry) } }
}

/// Hands something over that a test uses from one task at a time.
struct Unchecked<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

/// Which thread this is; also in asynchronous code, where Foundation does not offer it.
func threadNumber() -> UInt { UInt(pthread_self()) }

/// Counts from several tasks.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .sequentiallyConsistent) }

    func increment() { count.add(1, ordering: .sequentiallyConsistent) }
}
