import Testing

@testable import ConcertoRuntime

/// What a pool's configuration accepts, and what the environment makes of it.
@Suite struct ConfigurationTests {
    typealias Configuration = ThreadPool.Configuration

    @Test func `the default is valid, and its maximum survives a few hundred blocked jobs`() throws {
        let configuration = Configuration()
        try configuration.validate()
        #expect(configuration.minThreads == Processors.available)
        #expect(configuration.maxThreads >= 1_024)
        #expect(Configuration(minThreads: 100).maxThreads == 6_400)
        #expect(Configuration(minThreads: 32_767).maxThreads == 32_767)
    }

    @Test func `a variable that nobody reads is named, and those that there are`() throws {
        #expect(Environment.complaint(about: []) == nil)
        #expect(Environment.complaint(about: ["CONCERTO_POOL_NAME", "CONCERTO_POOL_STACK_SIZE"]) == nil)
        let names = ["CONCERTO_POOL_MAXTHREADS", "CONCERTO_POOL_NAME", "CONCERTO_POOL_"]
        let complaint = try #require(Environment.complaint(about: names))
        #expect(
            complaint.hasPrefix(
                "CONCERTO_POOL_, CONCERTO_POOL_MAXTHREADS: no such setting; there are CONCERTO_POOL_MIN_"))
        #expect(complaint.contains("CONCERTO_POOL_MAX_THREADS") && complaint.contains("CONCERTO_POOL_MEASURES_LATENCY"))
    }

    @Test func `every invalid value is named, all at once`() throws {
        let configuration = Configuration(
            minThreads: 0, maxThreads: -1, blockedAfter: .microseconds(99), idleTimeout: .zero, name: "", stackSize: 1)
        let error = try #require(throws: ThreadPool.ConfigurationError.self) { try configuration.validate() }
        #expect(
            error.problems == [
                "minThreads is 0, must be 1…32767",
                "maxThreads is -1, must be 1…32767",
                "blockedAfter is 9.9e-05 seconds, must be at least 100 µs",
                "idleTimeout is 0.0 seconds, must be at least 1 ms",
                "name is \"\", must be 1 to 10 bytes of UTF-8 without NUL",
                "stackSize is 1, must be 0 (the system's default) or at least 65536 bytes",
            ])
        #expect(throws: ThreadPool.ConfigurationError.self) { try ThreadPool(configuration) }
    }

    @Test(arguments: [
        Configuration(minThreads: 32_768), Configuration(minThreads: 4, maxThreads: 3),
        Configuration(maxThreads: 32_768), Configuration(name: "eleven-long"), Configuration(name: "a\0b"),
        Configuration(stackSize: 65_535), Configuration(stackSize: -1),
    ])
    func `a value just outside of its range is refused`(configuration: Configuration) throws {
        let error = try #require(throws: ThreadPool.ConfigurationError.self) { try configuration.validate() }
        #expect(error.problems.count == 1)
    }

    @Test func `the environment overrides every value`() throws {
        let result = try Configuration().overridden(by: [
            "CONCERTO_POOL_MIN_THREADS": "3", "CONCERTO_POOL_MAX_THREADS": "7", "CONCERTO_POOL_BLOCKED_AFTER_MS": "0.5",
            "CONCERTO_POOL_IDLE_TIMEOUT_MS": "1500", "CONCERTO_POOL_NAME": "server",
            "CONCERTO_POOL_STACK_SIZE": "131072", "CONCERTO_POOL_REPORTS_BLOCKING": "1",
            "CONCERTO_POOL_MEASURES_LATENCY": "1",
        ])
        #expect(
            result
                == Configuration(
                    minThreads: 3, maxThreads: 7, blockedAfter: .microseconds(500), idleTimeout: .milliseconds(1_500),
                    name: "server", stackSize: 131_072, reportsBlocking: true, measuresLatency: true))
        let off = try result.overridden(by: [
            "CONCERTO_POOL_REPORTS_BLOCKING": "0", "CONCERTO_POOL_MEASURES_LATENCY": "0",
        ])
        #expect(!off.reportsBlocking && !off.measuresLatency && off.minThreads == 3)
    }

    @Test func `an empty variable counts as none`() throws {
        let empty = ["CONCERTO_POOL_MIN_THREADS": "", "CONCERTO_POOL_NAME": "", "CONCERTO_POOL_REPORTS_BLOCKING": ""]
        let configuration = Configuration(minThreads: 3, name: "server")
        #expect(try configuration.overridden(by: empty) == configuration)
    }

    @Test func `a maximum that nobody chose follows the minimum, one that somebody chose stays`() throws {
        let minimum = ["CONCERTO_POOL_MIN_THREADS": "40"]
        #expect(try Configuration(minThreads: 2).overridden(by: minimum).maxThreads == 2_560)
        #expect(try Configuration(minThreads: 2, maxThreads: 50).overridden(by: minimum).maxThreads == 50)
        let error = try #require(throws: ThreadPool.ConfigurationError.self) {
            try Configuration(minThreads: 2, maxThreads: 39).overridden(by: minimum)
        }
        #expect(error.problems == ["maxThreads is 39, must be minThreads (40)…32767"])
    }

    @Test func `every variable that cannot be read is named, and what is invalid beside it`() throws {
        let error = try #require(throws: ThreadPool.ConfigurationError.self) {
            try Configuration(minThreads: 2).overridden(by: [
                "CONCERTO_POOL_MIN_THREADS": "2.5", "CONCERTO_POOL_MAX_THREADS": "-", "CONCERTO_POOL_STACK_SIZE": "8M",
                "CONCERTO_POOL_BLOCKED_AFTER_MS": "nan", "CONCERTO_POOL_IDLE_TIMEOUT_MS": "1e300",
                "CONCERTO_POOL_REPORTS_BLOCKING": "yes", "CONCERTO_POOL_MEASURES_LATENCY": "true",
                "CONCERTO_POOL_NAME": "far-too-long",
            ])
        }
        #expect(
            error.problems == [
                "CONCERTO_POOL_MIN_THREADS is \"2.5\", must be a number of threads",
                "CONCERTO_POOL_MAX_THREADS is \"-\", must be a number of threads",
                "CONCERTO_POOL_BLOCKED_AFTER_MS is \"nan\", must be milliseconds",
                "CONCERTO_POOL_IDLE_TIMEOUT_MS is \"1e300\", must be milliseconds",
                "CONCERTO_POOL_STACK_SIZE is \"8M\", must be a number of bytes",
                "CONCERTO_POOL_REPORTS_BLOCKING is \"yes\", must be 1 or 0",
                "CONCERTO_POOL_MEASURES_LATENCY is \"true\", must be 1 or 0",
                "name is \"far-too-long\", must be 1 to 10 bytes of UTF-8 without NUL",
            ])
    }
}
