import Concerto
import Testing

/// Cause of all: one step of a chain ran, or was destroyed, inside the step before.
@Suite(.leakFree) struct LongChainTests {
    @Test func `Cancelling through 100,000 linked sources needs no stack, and keeps order and errors`() throws {
        let root = CancellationTokenSource()
        let log = Recorder<String>()
        root.token.register { log.record("root, registered first") }
        var chain = [root]
        for _ in 0..<100_000 { chain.append(CancellationTokenSource(linkedTo: chain[chain.count - 1].token)) }
        chain[chain.count - 1].token.register { log.record("last") }
        try chain[2].token.register { () throws in throw Failure(2) }
        chain[1].token.register { log.record("first child") }
        root.token.register { log.record("root, registered last") }
        let error = #expect(throws: AggregateError.self) { try root.cancel(throwOnFirstError: false) }
        #expect(log.entries == ["root, registered last", "first child", "last", "root, registered first"])
        let isEverySourceCancelled = chain.allSatisfy { $0.isCancellationRequested }
        #expect(isEverySourceCancelled)
        let child = error?.errors.first as? AggregateError
        let grandchild = child?.errors.first as? AggregateError
        #expect(grandchild?.errors as? [Failure] == [Failure(2)])
    }

    @Test func `An error at the end of 100,000 linked sources comes out, and its end needs no stack`() throws {
        let root = CancellationTokenSource()
        var chain = [root]
        for _ in 0..<100_000 { chain.append(CancellationTokenSource(linkedTo: chain[chain.count - 1].token)) }
        try chain[chain.count - 1].token.register { () throws in throw Failure(3) }
        let error = #expect(throws: AggregateError.self) { try root.cancel(throwOnFirstError: true) }
        #expect(error?.flattened.errors as? [Failure] == [Failure(3)])
    }

    @Test func `Dropping 100,000 linked sources that wait needs no stack`() {
        let ended = Counter()
        do {
            let root = CancellationTokenSource()
            var last = root
            for _ in 0..<100_000 { last = CancellationTokenSource(linkedTo: last.token) }
            let probe = Probe { ended.add() }
            last.token.register { _ = probe }
        }
        #expect(ended.value == 1)
    }

    @Test func `Dropping a source with 1,000,000 callbacks needs no stack`() {
        let source = CancellationTokenSource()
        for _ in 0..<1_000_000 { source.token.register {} }
        #expect(!source.isCancellationRequested)
    }

    @Test func `Dropping a chain of 100,000 tasks that never ended needs no stack`() {
        let ended = Counter()
        do {
            let first = TaskCompletionSource<Int>()
            var last = first
            for _ in 0..<100_000 {
                let next = TaskCompletionSource<Int>()
                last.task.onCompletion(.synchronous) { _ in next.trySetResult(1) }
                last = next
            }
            let probe = Probe { ended.add() }
            last.task.onCompletion(.synchronous) { _ in _ = probe }
        }
        #expect(ended.value == 1)
    }
}

/// Says when it goes.
final class Probe: Sendable {
    private let onDeinit: @Sendable () -> Void

    init(_ onDeinit: @escaping @Sendable () -> Void) { self.onDeinit = onDeinit }

    deinit { onDeinit() }
}
