import Testing

@testable import ConcertoDiagnostics

@Suite struct FunctionNameTests {
    @Test(arguments: [
        (
            "closure #1 () async -> () in closure #1 (inout Swift.TaskGroup<()>) async -> () in closure #6 () async -> () in App",
            "closure #1 in closure #1 in closure #6 in App"
        ),
        (
            "static (extension in Swift):Swift.Task< where A == Swift.Never, B == Swift.Never>.sleep(nanoseconds: Swift.UInt64) async throws -> ()",
            "Task.sleep(nanoseconds:)"
        ),
        ("(extension in Swift):Swift.Task< where B == Swift.Never>.value.getter : A", "Task.value"),
        (
            "Swift.TaskGroup.next(isolation: isolated Swift.Optional<Swift.Actor>) async -> Swift.Optional<A>",
            "TaskGroup.next(isolation:)"
        ),
        (
            "implicit closure #1 @Sendable () async -> () in closure #6 () async -> () in App",
            "closure #1 in closure #6 in App"
        ),
        (
            "Concerto.AsyncSemaphore.(acquireSlowly in _0A1B)(Swift.Int, Concerto.WaitLimit, site: (Swift.Int) -> ()) async throws -> Swift.Bool",
            "Concerto.AsyncSemaphore.acquireSlowly(_:_:site:)"
        ),
        ("App.middle(Swift.Int) async -> ()", "App.middle(_:)"),
        ("App.leaf() async -> ()", "App.leaf()"),
        (
            "generic specialization <Swift.Int, Swift.Array<Swift.Int>> of Concerto.Channel.send(A) async throws -> ()",
            "Concerto.Channel.send(_:)"
        ),
        ("usleep", "usleep"),
    ])
    func `a function is shown without types, effects and generic clauses`(demangled: String, shown: String) {
        let name = FunctionName(demangled: demangled)
        #expect(name.text == shown)
        #expect(!name.isPlumbing)
    }

    @Test(arguments: [
        "partial apply forwarder for closure #3 () async -> () in App",
        "reabstraction thunk helper from @escaping @callee_guaranteed @async () -> () to @escaping @callee_guaranteed @async () -> (@out ())",
        "_ZL23completeTaskWithClosurePN5swift12AsyncContextEPNS_10SwiftErrorE",
        "Swift.withUnsafeContinuation<A>(isolation: isolated Swift.Optional<Swift.Actor>, _: (Swift.UnsafeContinuation<A, Swift.Never>) -> ()) async -> A",
        "_ZL31task_future_wait_resume_adapterPN5swift12AsyncContextE",
    ])
    func `what nobody wrote is told apart`(demangled: String) {
        #expect(FunctionName(demangled: demangled).isPlumbing)
    }

    @Test(arguments: [
        ("$s3App3runyyYaFTY0_", "$s3App3runyyYaF"), ("$s3App3runyyYaFTQ1_", "$s3App3runyyYaF"),
        ("$s3App3runyyYaF.14TQ0_", "$s3App3runyyYaF"), ("async_MainTQ6_", "async_Main"), ("usleep", "usleep"),
        ("my_function_2_", "my_function_2_"),
    ])
    func `the parts of an async function are one function`(symbol: String, function: String) {
        #expect(FunctionName.withoutResumeSuffix(symbol) == function)
    }
}
