#if Exporters
import Foundation
import Testing

/// Programs of others that judge what the exporters write. `make test-tools` installs them.
enum Judge {
    /// Where they are.
    static let folder = ProcessInfo.processInfo.environment["CONCERTO_TEST_TOOLS"]
    static var isThere: Bool { folder != nil }

    static var promtool: String { folder! + "/prometheus/usr/bin/promtool" }
    static var prometheus: String { folder! + "/prometheus/usr/bin/prometheus" }

    /// What a program says about an input.
    static func ask(_ program: String, _ arguments: [String], _ input: [UInt8]) throws -> (code: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        // Through files: a pipe that neither side empties would stand still.
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let question = place.appendingPathComponent("question")
        let answer = place.appendingPathComponent("answer")
        try Data(input).write(to: question)
        try Data().write(to: answer)
        process.standardInput = try FileHandle(forReadingFrom: question)
        let output = try FileHandle(forWritingTo: answer)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, try Data(contentsOf: answer))
    }

    static func python(_ script: String, _ arguments: [String], _ input: [UInt8]) throws -> Data {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Judges/\(script).py").path
        let (code, output) = try ask(folder! + "/venv/bin/python", [path] + arguments, input)
        guard code == 0 else { throw Refusal(text: String(decoding: output, as: UTF8.self)) }
        return output
    }

    struct Refusal: Error, CustomStringConvertible {
        var text: String
        var description: String { text }
    }
}
#endif
