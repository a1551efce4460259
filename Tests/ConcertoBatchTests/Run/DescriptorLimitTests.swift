#if Batch
import Testing

@testable import ConcertoBatch

struct DescriptorLimitTests {
    @Test(arguments: [(1_024, 840), (64, 28), (2, 1), (1, 1)])
    func `T4 no more calls are made at a time than there are descriptors for, and that is said`(limit: Int, most: Int) {
        var options = BatchOptions()
        options.concurrency = 1_500
        let sentence = DescriptorLimit.fit(&options, limit: limit)
        #expect(options.concurrency == most)
        #expect(sentence?.contains("\(most) calls") == true && sentence?.contains("1500") == true)
    }

    @Test func `what fits stays as it is`() {
        var options = BatchOptions()
        #expect(DescriptorLimit.fit(&options, limit: 1_024) == nil && options.concurrency == 16)
    }

    @Test(arguments: [(16, 1_024, 256), (840, 1_024, 120), (2_000, 1_048_576, 2_000), (28, 64, 8)])
    func `T4 B40: idle connections leave room for those in use`(concurrency: Int, limit: Int, idle: Int) {
        #expect(DescriptorLimit.idle(concurrency: concurrency, limit: limit) == idle)
    }

    @Test func `T4 the limit is raised and never lowered`() {
        let before = DescriptorLimit.current
        #expect(DescriptorLimit.raise() >= before)
        #expect(DescriptorLimit.raise() == DescriptorLimit.current)
    }
}
#endif
