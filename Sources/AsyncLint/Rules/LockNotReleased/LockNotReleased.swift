#if Lint
import SwiftSyntax

struct LockNotReleased: CodeRule {
    static let words: [String] = []
    static let anyWords = ["nlock(", "signal(", "release(", "leave(", "objc_sync_exit"]

    private struct Held: Hashable {
        let key: String
        let site: SyntaxIdentifier
        let releases: Set<String>
    }

    /// Pairs of calls that take and give back, beyond the table of locks: permits, where taking is awaited.
    private static let permits: [(acquire: String, release: String)] = [
        ("wait", "signal"), ("acquire", "release"), ("enter", "leave"), ("lock", "unlock"),
    ]
    private static let attempts: Set<String> = ["tryLock", "try", "lockIfAvailable"]

    func check(_ code: Code, in file: FileContext) {
        guard let statements = code.statements, code.kind != .topLevel else { return }
        // Whether anything is taken and given back here at all.
        var releases: [(names: String, key: String)] = []
        var takes = false
        let acquiring = Set(file.apis.locks.map(\.acquire)).union(Self.permits.map(\.acquire))
        let releasing = Set(file.apis.locks.map(\.release)).union(Self.permits.map(\.release))
        statements.traverseOwnLevel { node in
            guard let call = node.call else { return .into }
            if acquiring.contains(call.name) { takes = true }
            if releasing.contains(call.name), let key = Self.key(call) { releases.append((call.name, key)) }
            return .into
        }
        guard takes, !releases.isEmpty else { return }
        var sites: [SyntaxIdentifier: FunctionCallExprSyntax] = [:]
        let deferred = deferredKeys(in: statements)
        let walk = PathWalk(statements, from: Set<Held>(), in: file) { node, held in
            guard let call = node.call else { return }
            // The closure of a continuation, or of anything else that is handed the lock, gives it back.
            if !held.isEmpty, !call.closures.isEmpty {
                held = held.filter { lock in !call.closures.contains { Self.releases(lock, in: $0.closure) } }
            }
            if let lock = Self.taken(call, in: file), !deferred.contains(lock.key),
                releases.contains(where: { $0.key == lock.key && lock.releases.contains($0.names) })
            {
                // A semaphore that is waited for again waits for another event.
                if !held.contains(where: { $0.key == lock.key }) {
                    held.insert(lock)
                    sites[call.node.id] = call.node
                }
            } else if let key = Self.key(call) {
                held = held.filter { !($0.key == key && $0.releases.contains(call.name)) }
            }
            if !held.isEmpty, call.isBare || call.base?.core.trimmedDescription == "self" {
                held = held.filter { !Self.isReleased($0, by: call) }
            }
        }
        var reported: Set<SyntaxIdentifier> = []
        for (exit, held) in walk.exits {
            for lock in held {
                guard let site = sites[lock.site], exit.position > site.position, !isPartOf(exit, site),
                    reported.insert(lock.site).inserted
                else { continue }
                var node = Syntax(site)
                while let parent = node.parent, parent.is(AwaitExprSyntax.self) || parent.is(TryExprSyntax.self) {
                    node = parent
                }
                file.report(
                    Self.self, at: node,
                    "'\(lock.key)' is still held on the way out at line \(file.source.position(exit.positionAfterSkippingLeadingTrivia.utf8Offset).line): "
                        + "nobody can take it again; release it in a 'defer'",
                    notes: [(exit, "left here")])
            }
        }
    }

    private static func releases(_ lock: Held, in closure: ClosureExprSyntax) -> Bool {
        !closure.statements.traverse { node in
            guard let call = node.call, lock.releases.contains(call.name), key(call) == lock.key else { return .into }
            return .stop
        }
    }

    /// `try await x.acquire()` itself may throw: then nothing is held.
    private func isPartOf(_ exit: Syntax, _ site: FunctionCallExprSyntax) -> Bool { site.isInside(exit) }

    private static func taken(_ call: Call, in file: FileContext) -> Held? {
        guard !attempts.contains(call.name), let key = key(call) else { return nil }
        if file.isAwaited(call.node) {
            let releases = permits.filter { $0.acquire == call.name }.map(\.release)
            guard !releases.isEmpty, call.base != nil, call.node.arguments.isEmpty, call.closures.isEmpty else {
                return nil
            }
            // A process is waited for and signalled as well.
            let isPermit = ["sema", "permit", "gate", "limit", "slot", "throttle"].contains {
                key.lowercased().contains($0)
            }
            if call.name == "wait", !isPermit { return nil }
            return Held(key: key, site: call.node.id, releases: Set(releases))
        }
        let fitting = file.apis.locks.filter { lock in
            guard lock.acquire == call.name else { return false }
            if lock.type.isEmpty { return call.isBare }
            guard let base = call.base, call.node.arguments.isEmpty else { return false }
            return lock.type == "*" || file.types.typeName(of: base) == lock.type
        }
        guard !fitting.isEmpty, !isMadeHere(call, in: file) else { return nil }
        return Held(key: key, site: call.node.id, releases: Set(fitting.map(\.release)))
    }

    /// Whether the function makes the lock itself, by a type that is no lock of memory: a lock on a file goes with its last owner.
    private static func isMadeHere(_ call: Call, in file: FileContext) -> Bool {
        guard let name = call.base?.core.identifier,
            let binding = file.types.localDeclaration(of: name, at: Syntax(call.node))?.as(PatternBindingSyntax.self),
            let made = (binding.initializer?.value.core).flatMap({ Call($0) }), made.isBare
        else { return false }
        return made.name.first?.isUppercase == true && !ofMemory.contains(made.name)
    }

    private static let ofMemory: Set<String> = [
        "NSLock", "NSRecursiveLock", "NSCondition", "NSConditionLock", "OSAllocatedUnfairLock", "NIOLock", "Lock",
        "DispatchSemaphore", "DispatchGroup", "Mutex",
    ]

    /// The receiver's text, or the argument's of a free function.
    private static func key(_ call: Call) -> String? {
        if let base = call.base {
            let text = base.core.trimmedDescription
            return text.hasPrefix("self.") ? String(text.dropFirst(5)) : text
        }
        return call.node.arguments.first?.expression.trimmedDescription
    }

    private func deferredKeys(in statements: CodeBlockItemListSyntax) -> Set<String> {
        var found: Set<String> = []
        statements.traverseOwnLevel { node in
            guard let deferred = node.as(DeferStmtSyntax.self) else { return .into }
            deferred.body.traverse { part in
                if let key = part.call.flatMap({ Self.key($0) }) { found.insert(key) }
                return .into
            }
            return .skip
        }
        return found
    }

    /// Whether a function of the file that is called here lets go of the lock.
    private static func isReleased(_ lock: Held, by call: Call) -> Bool {
        !call.node.root.traverse { node in
            guard let function = node.as(FunctionDeclSyntax.self), function.name.plainText == call.name,
                let body = function.body
            else { return .into }
            let releases = body.hasOwnLevel { part in
                guard let inner = part.call else { return false }
                return lock.releases.contains(inner.name) && key(inner) == lock.key
            }
            return releases ? .stop : .skip
        }
    }
}
#endif
