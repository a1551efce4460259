#if Lint
extension WaitBeforeDrain {
    static let page = RulePage(
        id: "wait-before-drain",
        summary: "A process is waited for before what it writes is read: once the pipe is full, both wait for good.",
        severity: .error,
        needsAsync: false,
        why: """
            A pipe holds 64 KiB on Linux. A child that writes more stops in `write` until somebody reads; the parent \
            stops in `waitUntilExit` until the child ends. With little output it works, and one day the output is \
            longer. A pipe that nobody reads does the same.
            """,
        instead: """
            Read to the end first, then wait; drain two pipes at the same time (a thread or `readabilityHandler` \
            each); give `FileHandle.nullDevice` where the output is not wanted.
            """,
        limits: """
            Pipes that are made in the function and given to `standardOutput` or `standardError` there. A pipe that is \
            mentioned before the wait, or handed on, is taken to be drained.
            """,
        reported: [
            .init(
                "waits, then reads",
                """
                func output(_ p: Process) throws -> Data {
                    let pipe = Pipe()
                    p.standardOutput = pipe
                    try p.run()
                    ↓p.waitUntilExit()
                    return pipe.fileHandleForReading.readDataToEndOfFile()
                }
                """),
            .init(
                "two names in one declaration",
                """
                func output() throws -> Data? {
                    let process = Process(), pipe = Pipe()
                    process.standardError = pipe
                    try process.run()
                    ↓process.waitUntilExit()
                    return try pipe.fileHandleForReading.readToEnd()
                }
                """),
            .init(
                "a pipe without a name",
                """
                func quiet() throws -> Int32 {
                    let process = Process()
                    process.standardError = ↓Pipe()
                    try process.run()
                    process.waitUntilExit()
                    return process.terminationStatus
                }
                """),
            .init(
                "a pipe that is never read",
                """
                func quiet() throws {
                    let process = Process()
                    let errors = Pipe()
                    process.standardError = errors
                    try process.run()
                    ↓process.waitUntilExit()
                }
                """),
            .init(
                "one is drained, the other waits",
                """
                func both(_ p: Process) throws -> Data {
                    let out = Pipe()
                    let err = Pipe()
                    p.standardOutput = out
                    p.standardError = err
                    try p.run()
                    let a = out.fileHandleForReading.readDataToEndOfFile()
                    ↓p.waitUntilExit()
                    return a + err.fileHandleForReading.readDataToEndOfFile()
                }
                """),
            .init(
                "a signal of the termination handler",
                """
                func output(_ p: Process) throws -> Data {
                    let pipe = Pipe()
                    let done = DispatchSemaphore(value: 0)
                    p.standardOutput = pipe
                    p.terminationHandler = { _ in done.signal() }
                    try p.run()
                    ↓done.wait()
                    return pipe.fileHandleForReading.readDataToEndOfFile()
                }
                """),
        ],
        clean: [
            .init(
                "reads first",
                """
                func output(_ p: Process) throws -> Data {
                    let pipe = Pipe()
                    p.standardOutput = pipe
                    try p.run()
                    let data = pipe.fileHandleForReading.readDataToEndOfFile()
                    p.waitUntilExit()
                    return data
                }
                """),
            .init(
                "a handler drains it",
                """
                func output(_ p: Process) throws {
                    let pipe = Pipe()
                    p.standardOutput = pipe
                    pipe.fileHandleForReading.readabilityHandler = { use($0.availableData) }
                    try p.run()
                    p.waitUntilExit()
                }
                """),
            .init(
                "another thread drains it",
                """
                func output(_ p: Process) throws {
                    let pipe = Pipe()
                    p.standardOutput = pipe
                    try p.run()
                    Thread.detachNewThread { drain(pipe) }
                    p.waitUntilExit()
                }
                """),
            .init(
                "input is no output",
                """
                func feed(_ p: Process) throws {
                    let pipe = Pipe()
                    p.standardInput = pipe
                    try p.run()
                    p.waitUntilExit()
                }
                """),
            .init(
                "the null device",
                """
                func quiet(_ p: Process) throws {
                    p.standardError = FileHandle.nullDevice
                    try p.run()
                    p.waitUntilExit()
                }
                """),
            .init(
                "nobody waits",
                """
                func start(_ p: Process) throws -> Pipe {
                    let pipe = Pipe()
                    p.standardOutput = pipe
                    try p.run()
                    return pipe
                }
                """),
            .init(
                "read through the process",
                """
                func output() throws -> Data {
                    let p = Process()
                    p.standardOutput = Pipe()
                    try p.run()
                    let data = (p.standardOutput as! Pipe).fileHandleForReading.readDataToEndOfFile()
                    p.waitUntilExit()
                    return data
                }
                """),
        ])
}
#endif
