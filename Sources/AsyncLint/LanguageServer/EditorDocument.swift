#if Lint
import Foundation

/// A document that an editor has open.
struct EditorDocument: Sendable {
    /// What was found, and in which text.
    struct Checked: Sendable {
        let revision: Int
        let text: EditorText
        let findings: [Finding]
    }

    /// Where a document belongs.
    struct Place: Sendable {
        /// The folder whose declarations it can use; nil when it stands alone.
        let root: String?
        /// The folder whose configuration holds.
        let folder: String
        /// Relative to the root, as findings and patterns have it.
        let path: String
    }

    let uri: String
    let place: Place
    var text: EditorText
    /// The client's count.
    var version: Int?
    /// Counts what findings depend on: changes of the text, of other files, of the configuration.
    var revision = 0
    var checked: Checked?
    /// The task that checks it, while one does.
    var checking: Task<Void, Never>?
}

extension EditorDocument.Place {
    /// Where the document of a URI belongs: to the nearest package, else to the workspace's folder, else to its repository. A document
    /// without a file, such as one that was never saved, belongs nowhere.
    init(uri: String, folders: [String]) {
        guard let url = URL(string: uri), url.isFileURL else {
            self.init(root: nil, folder: folders.first ?? "/", path: "untitled.swift")
            return
        }
        let file = url.standardizedFileURL.path
        let folder = url.standardizedFileURL.deletingLastPathComponent().path
        let workspace = folders.filter { folder == $0 || folder.hasPrefix($0 == "/" ? $0 : $0 + "/") }
            .max { $0.count < $1.count }
        var repository: String?
        var package: String?
        var current = URL(fileURLWithPath: folder)
        while current.path != "/", current.path != NSHomeDirectory() {
            if package == nil, FileManager.default.fileExists(atPath: current.path + "/Package.swift") {
                package = current.path
            }
            if FileManager.default.fileExists(atPath: current.path + "/.git") {
                repository = current.path
                break
            }
            if current.path == workspace { break }
            current.deleteLastPathComponent()
        }
        let root = package ?? workspace ?? repository
        let isBelow = root.map { file.hasPrefix($0 + "/") } ?? false
        self.init(
            root: isBelow ? root : nil, folder: folder,
            path: isBelow ? String(file.dropFirst(root!.count + 1)) : url.lastPathComponent)
    }
}

/// What the client can do, as far as it matters.
struct ClientAbilities: Sendable {
    var showsMarkdown = true
    var takesVersionedEdits = false
    var takesActionLiterals = true
    var showsRelatedPlaces = false

    init() {}

    init(_ capabilities: JSONValue?) {
        let document = capabilities?["textDocument"]
        if let formats = document?["hover"]?["contentFormat"]?.array { showsMarkdown = formats.contains("markdown") }
        takesVersionedEdits = capabilities?["workspace"]?["workspaceEdit"]?["documentChanges"] == true
        showsRelatedPlaces = document?["publishDiagnostics"]?["relatedInformation"] == true
        takesActionLiterals = document?["codeAction"]?["codeActionLiteralSupport"] != nil
    }
}
#endif
