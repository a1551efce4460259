import Synchronization

/// What a task is called and where it comes from; nothing is formatted until somebody asks.
struct TaskMetadata: Sendable, CustomStringConvertible {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    let name: String?
    let fileID: StaticString
    let line: UInt

    init(name: String?, fileID: StaticString, line: UInt) {
        id = Self.lastID.add(1, ordering: .relaxed).newValue
        self.name = name
        self.fileID = fileID
        self.line = line
    }

    var site: String { "\(fileID):\(line)" }

    var description: String {
        "task \(id)\(name.map { " \"\($0)\"" } ?? "") created at \(site)"
    }
}
