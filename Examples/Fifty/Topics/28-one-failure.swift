import Concerto

func topic28() async throws {
    struct Lost: Error {}
    let ended = Counter()
    do {
        _ = try await Task.whenAll(
            (1...10).map { number in
                Task.run {
                    if number == 3 { throw Lost() }
                    ended.add()
                }
            })
    } catch {
        print("whenAll: \(ended.value) of 10 went through")
    }
    let results = try await (1...10).mapConcurrently(limit: 2) { number -> Result<Int, Lost> in
        number == 3 ? .failure(Lost()) : .success(number)
    }
    print("results: \(results.filter { if case .success = $0 { true } else { false } }.count) of 10 are good")
    do {
        _ = try await (1...10).mapConcurrently(limit: 2) { number in
            if number == 3 { throw Lost() }
            return number
        }
    } catch {
        print("mapConcurrently: \(error)")
    }
}
