extension ThreadPool.BlockingReport.Frame {
    /// Whether it is a function of the pool, or of what runs the jobs of a context.
    var isPools: Bool {
        guard let function else { return false }
        return Self.owners.contains { owner in
            function.hasPrefix(owner) || function.hasPrefix("static " + owner) || function.contains(" in " + owner)
                || function.contains(" in static " + owner)
        }
    }

    /// Whether it belongs to what runs jobs: the pool, the concurrency runtime, the C library's thread.
    var isInfrastructure: Bool {
        if isPools { return true }
        // In an executable that holds the Swift runtime they are in the program's own image.
        if let function, Self.entries.contains(where: function.hasPrefix) { return true }
        let file = image.split(separator: "/").last ?? ""
        return Self.images.contains(where: file.hasPrefix)
    }

    /// Whether the compiler made it, to fit one calling convention to another.
    var isThunk: Bool {
        guard let function else { return false }
        return function.contains("reabstraction thunk") || function.contains("partial apply forwarder")
    }

    private static var owners: [String] {
        ["ConcertoRuntime.", "Concerto.SynchronizationContext.", "Concerto.ContextThread."]
    }

    private static var entries: [String] {
        ["swift_job_run", "_ZN5swift", "Swift.UnownedJob.", "completeTask", "concerto_", "start_thread", "clone"]
    }

    private static var images: [String] { ["libswift_Concurrency", "libc.so", "libc-", "libpthread", "ld-"] }
}
