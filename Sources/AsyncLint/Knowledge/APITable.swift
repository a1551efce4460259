#if Lint
import Foundation
import Yams

/// What the rules know of APIs. It is data: the shipped table, those of packages, and the user's own add up.
struct APITable: Sendable {
    /// A call with what to use instead of it.
    struct Entry: Sendable {
        let pattern: APIPattern
        let use: String
        /// The beginning of a module's name: only files that import one like it are meant, and only calls with `try`.
        let importPrefix: String?
        /// Words in the arguments that make the call return at once.
        let unless: Set<String>
        /// Words anywhere in the file that say the same of the descriptors it works with.
        let unlessNear: [String]
    }

    /// A pair of calls that takes and gives back a lock.
    struct Lock: Sendable {
        /// The receiver's type; `*` for any, empty for free functions.
        let type: String
        let acquire: String
        let release: String
    }

    private(set) var blocking: [String: [Entry]] = [:]
    private(set) var fileIO: [String: [Entry]] = [:]
    private(set) var asyncClosures: [String: [APIPattern]] = [:]
    private(set) var inlineClosures: [String: [APIPattern]] = [:]
    private(set) var onceClosures: [String: [APIPattern]] = [:]
    private(set) var delayedClosures: [String: [APIPattern]] = [:]
    private(set) var voidClosures: [String: [APIPattern]] = [:]
    private(set) var cancellationOnly: [String: [APIPattern]] = [:]
    private(set) var neverReturning: Set<String> = []
    private(set) var memberTypes: [String: String] = [:]
    private(set) var plainProtocols: Set<String> = []
    private(set) var locks: [Lock] = []

    /// The table that ships with AsyncLint.
    static let shipped: APITable = {
        var table = APITable()
        do {
            try table.add(
                yaml: String(decoding: PackageResources.apis_yml, as: UTF8.self), from: "the shipped API table")
        } catch {
            preconditionFailure("\(error)")
        }
        return table
    }()

    private enum Key: String, CaseIterable {
        case blocking
        case fileIO = "file-io"
        case asyncClosures = "async-closures"
        case inlineClosures = "inline-closures"
        case onceClosures = "once-closures"
        case delayedClosures = "delayed-closures"
        case voidClosures = "void-closures"
        case memberTypes = "member-types"
        case locks
        case cancellationOnly = "cancellation-only"
        case neverReturning = "never-returning"
        case plainProtocols = "plain-protocols"
        case remove
    }

    /// Adds what a table says.
    ///
    /// - Throws: ``ConfigurationError`` that names every line it cannot understand.
    mutating func add(yaml: String, from source: String) throws {
        let document: Any?
        do { document = try Yams.load(yaml: yaml) } catch {
            throw ConfigurationError(source: source, problems: ["is not YAML: \(error)"])
        }
        guard let document else { return }
        guard let map = document as? [String: Any] else {
            throw ConfigurationError(source: source, problems: ["must be a map with keys such as 'blocking'"])
        }
        try add(map, from: source)
    }

    mutating func add(_ map: [String: Any], from source: String) throws {
        var problems: [String] = []
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            guard let known = Key(rawValue: key) else {
                problems.append(
                    "unknown key '\(key)'\(nearest(to: key, among: Key.allCases.map(\.rawValue)))")
                continue
            }
            guard let items = value as? [Any] else {
                problems.append("'\(key)' must be a list")
                continue
            }
            for item in items { add(item, to: known, problems: &problems) }
        }
        if !problems.isEmpty { throw ConfigurationError(source: source, problems: problems) }
    }

    private mutating func add(_ item: Any, to key: Key, problems: inout [String]) {
        let map = item as? [String: Any]
        let text = item as? String
        switch key {
        case .blocking, .fileIO:
            guard let call = text ?? map?["call"] as? String, let pattern = APIPattern(call) else {
                problems.append(
                    "'\(key.rawValue)': '\(item)' names no call; write { call: \"Type.name(label:)\", use: … }")
                return
            }
            let entry = Entry(
                pattern: pattern, use: map?["use"] as? String ?? "an asynchronous call",
                importPrefix: map?["where-imported"] as? String,
                unless: Set(map?["unless"] as? [String] ?? []), unlessNear: map?["unless-near"] as? [String] ?? [])
            if key == .blocking {
                blocking[pattern.name, default: []].append(entry)
            } else {
                fileIO[pattern.name, default: []].append(entry)
            }
        case .asyncClosures, .inlineClosures, .onceClosures, .delayedClosures, .voidClosures, .cancellationOnly:
            guard let text, let pattern = APIPattern(text) else {
                problems.append("'\(key.rawValue)': '\(item)' names no call; write Type.name, *.name or name(label:)")
                return
            }
            switch key {
            case .asyncClosures: asyncClosures[pattern.name, default: []].append(pattern)
            case .inlineClosures: inlineClosures[pattern.name, default: []].append(pattern)
            case .onceClosures: onceClosures[pattern.name, default: []].append(pattern)
            case .delayedClosures: delayedClosures[pattern.name, default: []].append(pattern)
            case .voidClosures: voidClosures[pattern.name, default: []].append(pattern)
            default: cancellationOnly[pattern.name, default: []].append(pattern)
            }
        case .neverReturning, .plainProtocols, .remove:
            guard let text else {
                problems.append("'\(key.rawValue)': '\(item)' is no name")
                return
            }
            switch key {
            case .neverReturning: neverReturning.insert(text)
            case .plainProtocols: plainProtocols.insert(text)
            default: remove(text, problems: &problems)
            }
        case .memberTypes:
            guard let map, let member = map["member"] as? String, let type = map["type"] as? String else {
                problems.append("'member-types': '\(item)' is no pair; write { member: name, type: T }")
                return
            }
            memberTypes[member] = type
        case .locks:
            guard let map, let acquire = map["acquire"] as? String, let release = map["release"] as? String else {
                problems.append("'locks': '\(item)' is no pair; write { type: T, acquire: lock, release: unlock }")
                return
            }
            locks.append(Lock(type: map["type"] as? String ?? "*", acquire: acquire, release: release))
        }
    }

    /// Takes a call off the lists of blocking calls and file IO: the user knows better.
    private mutating func remove(_ call: String, problems: inout [String]) {
        guard let pattern = APIPattern(call) else {
            problems.append("'remove': '\(call)' names no call")
            return
        }
        blocking[pattern.name]?.removeAll { $0.pattern == pattern }
        fileIO[pattern.name]?.removeAll { $0.pattern == pattern }
    }

    /// Names of calls with asynchronous closures, and of those that release locks, which are not in the shipped table.
    var addedAsyncNames: [String] {
        let known = Self.shipped
        var added =
            asyncClosures.count == known.asyncClosures.count
            ? [] : asyncClosures.keys.filter { known.asyncClosures[$0] == nil }
        if locks.count > known.locks.count { added += locks.dropFirst(known.locks.count).map(\.release) }
        return added
    }

    /// The names of calls that park their thread.
    var parkingNames: Set<String> { Set(blocking.keys) }

    /// Whether a closure of the call is asynchronous.
    func takesAsyncClosure(_ call: Call, label: String?) -> Bool {
        matches(asyncClosures, call, label: label)
    }

    /// Whether a closure of the call runs before the call returns.
    func runsClosureInPlace(_ call: Call) -> Bool { matches(inlineClosures, call, label: nil) }

    /// Whether a closure of the call runs exactly once, some time after the call returns.
    func runsClosureOnce(_ call: Call) -> Bool { matches(onceClosures, call, label: nil) }

    /// Whether a closure of the call waits for a time limit.
    func delaysClosure(_ call: Call) -> Bool { matches(delayedClosures, call, label: nil) }

    /// Whether a closure of the call returns nothing.
    func takesVoidClosure(_ call: Call, label: String?) -> Bool { matches(voidClosures, call, label: nil) }

    /// Whether the call can throw nothing but `CancellationError`.
    func throwsCancellationOnly(_ call: Call) -> Bool {
        cancellationOnly[call.name]?.contains { pattern in
            guard pattern.fits(call) else { return false }
            return switch pattern.receiver {
            case .none: call.isBare
            case .any: call.base != nil
            case .type(let type): call.baseName == type
            }
        } ?? false
    }

    private func matches(_ list: [String: [APIPattern]], _ call: Call, label: String?) -> Bool {
        guard let patterns = list[call.name] else { return false }
        return patterns.contains { pattern in
            if let labels = pattern.labels, let label, !labels.contains(label) { return false }
            return switch pattern.receiver {
            case .none: call.isBare || ["Swift", "_Concurrency"].contains(call.baseName)
            case .any: call.base != nil
            case .type(let type): call.baseName == type
            }
        }
    }
}
#endif
