#if Batch
import Foundation
import TestSupport
import Testing

@testable import ConcertoBatch

@Suite(.oneAtATime)
struct FileLockTests {
    @Test func aSecondLockIsRefusedAndNamesTheProcess() throws {
        let folder = try TemporaryFolder()
        let lock = try FileLock(path: folder("lock"))
        let error = #expect(throws: BatchError.self) { try FileLock(path: folder("lock")) }
        #expect(error?.kind == .store && error?.description.contains("process \(getpid())") == true)
        withExtendedLifetime(lock) {}
    }

    @Test func aLockThatWasGivenBackIsFreeAndLeavesNoFile() throws {
        let folder = try TemporaryFolder()
        for _ in 0..<3 {
            var lock = try FileLock(path: folder("lock")) as FileLock?
            #expect(folder.exists("lock"))
            lock = nil
            _ = lock
            #expect(!folder.exists("lock"))
        }
    }

    @Test func aFileThatADeadProcessLeftIsNoLock() throws {
        let folder = try TemporaryFolder()
        try folder.write("lock", "999999\n")
        _ = try FileLock(path: folder("lock"))
    }

    @Test func anotherProcessHoldsALockUntilItDies() throws {
        let folder = try TemporaryFolder()
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        // It says that it has the lock, and holds it for as long as its input is open.
        child.arguments = [
            "-o", "-x", folder("lock"), "sh", "-c", "echo 4711 > \"$0\"; echo locked; exec cat", folder("lock"),
        ]
        let (input, output) = (Pipe(), Pipe())
        child.standardInput = input
        child.standardOutput = output
        try child.run()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) == "locked\n")
        let error = #expect(throws: BatchError.self) { try FileLock(path: folder("lock")) }
        #expect(error?.description.contains("process 4711") == true)
        kill(child.processIdentifier, SIGKILL)
        try input.fileHandleForWriting.close()
        child.waitUntilExit()
        _ = try FileLock(path: folder("lock"))
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: BatchError.self) { try FileLock(path: folder("none/lock")) }
        #expect(error?.kind == .configuration && error?.description.contains("none/lock") == true)
    }

    @Test func ofManyThatTryAtOnceOneGetsIt() async throws {
        let folder = try TemporaryFolder()
        let held = Shared((now: 0, most: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<50 {
                        guard let lock = try? FileLock(path: folder("lock")) else { continue }
                        held.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        held.change { $0.now -= 1 }
                        withExtendedLifetime(lock) {}
                    }
                }
            }
        }
        #expect(held.value.most == 1)
    }
}
#endif
