import CConcerto

/// A first-in first-out list of entries, linked through the jobs themselves: no allocation.
///
/// The link lives in the first of a job's two executor-private words, which belong to the executor from `enqueue`
/// until the job runs. A job is in at most one queue at a time.
struct JobList {
    private(set) var count = 0
    private var head: UnsafeMutableRawPointer?
    private var tail: UnsafeMutableRawPointer?

    var isEmpty: Bool { head == nil }

    mutating func append(_ job: UnsafeMutableRawPointer) {
        concerto_job_words(job).pointee = 0
        if let tail {
            concerto_job_words(tail).pointee = UInt(bitPattern: job)
        } else {
            head = job
        }
        tail = job
        count += 1
    }

    mutating func popFirst() -> UnsafeMutableRawPointer? {
        guard let job = head else { return nil }
        head = UnsafeMutableRawPointer(bitPattern: concerto_job_words(job).pointee)
        if head == nil { tail = nil }
        count -= 1
        return job
    }
}
