import Concerto
import ConcertoStreams

func topic40() async throws {
    let pages = AsyncGenerator<Int> { yield in
        defer { print("the generator has ended") }
        for page in 1... {
            for item in 1...3 { try await yield(page * 10 + item) }
        }
    }
    for try await item in pages {
        print("item \(item)")
        if item == 21 { break }
    }
    print("behind the loop")
}
