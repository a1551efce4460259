import Concerto

/// Partial failure: a closure that returns a `Result` fails for nobody else.
func keepWhatWorked() async throws {
    struct NotFound: Error { var id: Int }

    let results = try await (1...10).mapConcurrently(limit: 4) { id -> Result<String, NotFound> in
        await Task.yield()
        return id % 4 == 0 ? .failure(NotFound(id: id)) : .success("user \(id)")
    }
    var names: [String] = []
    var missing: [Int] = []
    for result in results {
        switch result {
        case .success(let name): names.append(name)
        case .failure(let error): missing.append(error.id)
        }
    }
    print("\(names.count) names; not found: \(missing)")
}
