import Glibc

/// Reads and writes what the simulations show.
enum ReportFile {
    static func load(_ path: String) -> String {
        guard let file = fopen(path, "r") else {
            fatalError("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func save(_ text: String, at path: String) {
        guard let file = fopen(path, "w") else {
            fatalError("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        fputs(text, file)
        fclose(file)
    }
}
