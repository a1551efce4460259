import Concerto

/// `whenAll` runs everything to its end and throws every failure, in the order of the input.
func everyFailure() async throws {
    struct UploadFailed: Error { var file: String }

    let uploads = ["a.txt", "b.txt", "c.txt"].map { file in
        Task.run(name: "upload \(file)") {
            if file != "b.txt" { throw UploadFailed(file: file) }
            return file
        }
    }
    do {
        _ = try await Task.whenAll(uploads)
    } catch let failures as AggregateError {
        print("\(failures.errors.count) of \(uploads.count) failed:")
        for case let error as UploadFailed in failures.errors { print("  \(error.file)") }
    }
    print("statuses: \(uploads.map { "\($0.status)" }.joined(separator: ", "))")
}
