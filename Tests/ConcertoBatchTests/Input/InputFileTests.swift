#if Batch
import Foundation
import Testing

@testable import ConcertoBatch

struct InputFileTests {
    @Test func aMissingFileAndAFolderAreNamed() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: BatchError.self) { try InputFile(path: folder("none")) }
        #expect(missing?.kind == .configuration && missing?.description.contains(folder("none")) == true)
        let directory = #expect(throws: BatchError.self) { try InputFile(path: folder.path) }
        #expect(directory?.description.contains("is a directory") == true)
    }

    @Test func aFileIsReadFromItsStartEachTime() throws {
        let folder = try TemporaryFolder()
        let input = try InputFile(path: try folder.write("input", "a\nb\n"))
        #expect(input.isRewindable)
        for _ in 0..<2 {
            var reader = input.reader(judges: false)
            #expect(try reader.next().map(Array.init) == [UInt8(ascii: "a")])
        }
    }

    @Test func anUnreadableFileIsAnErrorAndNotItsEnd() throws {
        // Reading its first page fails in every process.
        let input = try InputFile(path: "/proc/self/mem")
        var reader = input.reader(judges: false)
        let error = #expect(throws: BatchError.self) { _ = try reader.next()?.count }
        #expect(error?.description.contains("can't be read") == true)
    }
}
#endif
