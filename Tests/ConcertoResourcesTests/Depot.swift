import Concerto
import ConcertoResilience
import ConcertoResources
import ConcertoTesting
import TestSupport

/// Where the tests' pools get their resources: numbered, counted, broken and slow on demand.
final class Depot: Sendable {
    struct Failure: Error, Equatable { var number = 0 }

    struct State {
        var opened = 0
        var alive: Set<Int> = []
        var most = 0
        var opening = 0
        var mostOpening = 0
        var validated: [Int] = []
    }

    let state = Shared(State())
    /// What opening does besides; given the number of the attempt.
    let onOpen: @Sendable (Int) async throws -> Void
    let onValidate: @Sendable (Int) async throws -> Bool

    init(
        onOpen: @escaping @Sendable (Int) async throws -> Void = { _ in },
        onValidate: @escaping @Sendable (Int) async throws -> Bool = { _ in true }
    ) {
        self.onOpen = onOpen
        self.onValidate = onValidate
    }

    func open() async throws -> Int {
        state.change { state in
            state.opened += 1
            state.opening += 1
            state.mostOpening = max(state.opening, state.mostOpening)
        }
        let number = state.value.opened
        defer { state.change { $0.opening -= 1 } }
        try await onOpen(number)
        state.change { state in
            state.alive.insert(number)
            state.most = max(state.most, state.alive.count)
        }
        return number
    }

    func validate(_ number: Int) async throws -> Bool {
        state.change { $0.validated.append(number) }
        return try await onValidate(number)
    }

    func close(_ number: Int) async { state.change { $0.alive.remove(number) } }

    var alive: Set<Int> { state.value.alive }
}

/// A pool over a depot, in virtual time.
func makePool(
    _ depot: Depot, _ clock: ManualClock, validates: Bool = false, _ configure: (inout PoolOptions) -> Void = { _ in }
) -> ResourcePool<Int> {
    let options = PoolOptions {
        $0.clock = clock
        $0.random = .seeded(1)
        configure(&$0)
    }
    let validate: @Sendable (Int) async throws -> Bool = { try await depot.validate($0) }
    return ResourcePool(
        "test", options, open: { try await depot.open() }, validate: validates ? validate : nil,
        close: { await depot.close($0) })
}
