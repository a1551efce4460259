import Concerto

func topic29() async throws {
    struct UploadFailed: Error { var file: String }
    let uploads = ["a", "b", "c"].map { file in
        Task.run { () async throws -> String in
            if file != "b" { throw UploadFailed(file: file) }
            return file
        }
    }
    do {
        _ = try await Task.whenAll(uploads)
    } catch let failures as AggregateError {
        for case let error as UploadFailed in failures.errors { print("not uploaded: \(error.file)") }
        let nested = AggregateError([failures, UploadFailed(file: "d")])
        print("nested \(nested.errors.count), flattened \(nested.flattened.errors.count)")
    }
}
