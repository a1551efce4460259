import Concerto
import Dispatch

/// A library with callbacks, as an `async` function that can be cancelled.
func callback() async throws {
    // The library: calls back on a queue of its own, once.
    @Sendable func lookUp(_ host: String, _ done: @escaping @Sendable (Result<String, any Error>) -> Void) {
        DispatchQueue.global().async { done(.success("192.0.2.7")) }
    }

    @Sendable func address(of host: String) async throws -> String {
        let promise = TaskCompletionSource<String>()
        lookUp(host) { result in
            switch result {
            case .success(let address): promise.trySetResult(address)  // a second call would change nothing
            case .failure(let error): promise.trySetError(error)
            }
        }
        return try await promise.task.value  // a cancelled caller leaves at once
    }
    print("example.org is \(try await address(of: "example.org"))")
}
