#if Lint
import Foundation

/// Finds the Swift files below paths: sorted, each once, without hidden folders, build folders and what the configuration excludes.
struct FileDiscovery {
    struct File: Sendable, Hashable {
        /// As findings name it: relative to the root, or absolute when it lies elsewhere.
        let path: String
        /// Where to read it.
        let location: String
    }

    let configuration: Configuration
    let root: String

    func files(below paths: [String]) throws -> [File] {
        var found: Set<File> = []
        var problems: [String] = []
        let starts = paths.isEmpty ? (configuration.included.isEmpty ? ["."] : configuration.included) : paths
        for path in starts {
            let location = absolute(path)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: location, isDirectory: &isFolder) else {
                problems.append("no such file or folder")
                throw ConfigurationError(source: path, problems: problems)
            }
            if isFolder.boolValue {
                search(location, into: &found)
            } else {
                // A file that is named is checked whatever it is called.
                let path = relative(location)
                if configuration.forcesExclusion, configuration.excludes(path) { continue }
                found.insert(File(path: path, location: location))
            }
        }
        return found.sorted { $0.path < $1.path }
    }

    private func search(_ folder: String, into found: inout Set<File>) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
        for name in names where !name.hasPrefix(".") {
            let location = folder == "/" ? "/" + name : folder + "/" + name
            let path = relative(location)
            if configuration.excludes(path) { continue }
            let attributes = try? FileManager.default.attributesOfItem(atPath: location)
            switch attributes?[.type] as? FileAttributeType {
            case .typeDirectory: search(location, into: &found)
            case .typeRegular where name.hasSuffix(".swift"): found.insert(File(path: path, location: location))
            default: continue
            }
        }
    }

    private func absolute(_ path: String) -> String {
        let url =
            path.hasPrefix("/") ? URL(fileURLWithPath: path) : URL(fileURLWithPath: root).appendingPathComponent(path)
        let text = url.standardizedFileURL.path
        return text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private func relative(_ location: String) -> String {
        let base = absolute(".")
        let prefix = base.hasSuffix("/") ? base : base + "/"
        return location.hasPrefix(prefix) ? String(location.dropFirst(prefix.count)) : location
    }
}
#endif
