#if Batch
import Concerto
import ConcertoHTTP

extension RowRunner {
    /// Makes the row's form the body of its call, once there is room for it.
    ///
    /// - Throws: ``FormBody/Problem``; `CancellationError`.
    /// - Returns: What is to be given back to the room when the row has ended.
    func fill(
        _ call: inout HTTPCall, with form: FormBody, of row: BatchRow, _ crew: WorkerCrew, _ worker: Int
    ) async throws -> Int {
        let size = try withBlocking { try form.size(of: row) }
        let share = try await roomForPages(crew, worker, bytes: size)
        do {
            try withBlocking {
                let (body, type) = try form.body(of: row)
                call.body = body
                call.headers.removeAll { $0.name.lowercased() == "content-type" }
                call.headers.append(("Content-Type", type))
            }
            return share
        } catch {
            parts.pages.leave(share)
            throw error
        }
    }
}
#endif
