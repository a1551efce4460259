#if Lint
import Synchronization

/// Hands out 0, 1, 2, … to whoever asks first.
private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func take() -> Int { value.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Maps over items on as many tasks as there are cores; results come in the order of the items. The work must not suspend or block.
func inParallel<Item: Sendable, Result: Sendable>(
    _ items: [Item], workers: Int, _ transform: @escaping @Sendable (Item) -> Result
) async -> [Result] {
    let next = Counter()
    return await withTaskGroup(of: [(Int, Result)].self) { group in
        for _ in 0..<min(workers, max(items.count, 1)) {
            group.addTask {
                var done: [(Int, Result)] = []
                while !Task.isCancelled {
                    let index = next.take()
                    guard index < items.count else { break }
                    done.append((index, transform(items[index])))
                }
                return done
            }
        }
        var all: [(Int, Result)] = []
        all.reserveCapacity(items.count)
        for await part in group { all += part }
        return all.sorted { $0.0 < $1.0 }.map(\.1)
    }
}
#endif
