#if Batch
import Concerto
import ConcertoTesting
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct RowSourceTests {
    private let parser = RowParser(substitution: Substitution(), secretHeaders: [])

    private func number(_ item: RowSource.Entry?) -> Int? { item?.identity.number }

    private func line(_ number: Int) -> String { "{\"id\":\"r\(number)\",\"url\":\"http://h/\(number)\"}\n" }

    @Test func manyConsumersGetEveryRowOnceAndEachInOrder() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("input", (1...20_000).map { line($0) + ($0 % 10 == 0 ? "\n  \n" : "") }.joined())
        let source = RowSource(input: try InputFile(path: path), parser: parser)
        let all = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<32 {
                group.addTask {
                    var mine: [Int] = []
                    while let item = try await source.next() {
                        #expect(item.identity.key == "r\(item.identity.number)")
                        mine.append(item.identity.number)
                    }
                    #expect(mine == mine.sorted())
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(all.sorted() == Array(1...20_000))
        #expect(number(try await source.next()) == nil)
    }

    @Test func aPipeIsReadAsItComesByteByByte() async throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        // Opened for both, so that neither side waits for the other.
        let writer = open(folder("pipe"), O_RDWR)
        let input = try InputFile(path: folder("pipe"))
        #expect(!input.isRewindable)
        let source = RowSource(input: input, parser: parser)
        async let first = source.next()
        for byte in Array(line(1).utf8) { _ = withUnsafeBytes(of: byte) { write(writer, $0.baseAddress, 1) } }
        #expect(number(try await first) == 1)
        async let second = source.next()
        async let third = source.next()
        for byte in Array((line(2) + "\n" + line(3) + "{\"url\":\"http://h/4\"}").utf8) {
            _ = withUnsafeBytes(of: byte) { write(writer, $0.baseAddress, 1) }
        }
        let both = try await [second, third].map { number($0) }
        #expect(Set(both) == [2, 3])
        async let last = source.next()
        close(writer)
        let item = try await last
        #expect(number(item) == 4 && item?.identity.line == 5)
        #expect(number(try await source.next()) == nil)
    }

    @Test func closingEndsEveryWaitOnASilentPipe() async throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        let writer = open(folder("pipe"), O_RDWR)
        let source = RowSource(input: try InputFile(path: folder("pipe")), parser: parser)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            let asked = Shared(0)
            for _ in 0..<8 {
                group.addTask {
                    asked.change { $0 += 1 }
                    return try await source.next()?.identity.number
                }
            }
            await until { asked.value == 8 }
            source.close()
            for try await number in group { #expect(number == nil) }
        }
        #expect(number(try await source.next()) == nil)
        close(writer)
    }

    @Test func `whoever begins to wait while a silent pipe is closed is told of the end`() async throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        let writer = open(folder("pipe"), O_RDWR)
        defer { close(writer) }
        let source = RowSource(input: try InputFile(path: folder("pipe")), parser: parser)
        let executor = ManualExecutor()
        let ended = Shared(0)
        // The first one has the pipe read, which gives nothing; the second finds that, and then all of it is closed.
        for willWait in [{}, { source.close() }] as [@Sendable () -> Void] {
            executor.task { () async throws -> Void in
                let entry = try await source.next(willWait: willWait)
                #expect(number(entry) == nil)
                ended.change { $0 += 1 }
            }
            executor.runUntilIdle()
        }
        #expect(ended.value == 2)
    }

    @Test func anErrorOfTheInputReachesEverybody() async throws {
        let source = RowSource(input: try InputFile(path: "/proc/self/mem"), parser: parser)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do { return try await source.next() == nil ? false : false } catch { return error is BatchError }
                }
            }
            for await failed in group { #expect(failed) }
        }
    }
}
#endif
