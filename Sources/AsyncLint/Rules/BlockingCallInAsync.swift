#if Lint
import SwiftSyntax

struct BlockingCallInAsync: CallRule {
    static let words: [String] = []
    static let parts = [fileIO, oneCallAway]
    static let anyWords = ["await", "Task", ") async", " async ", "actor "]

    func check(_ call: Call, in file: FileContext) {
        if let entry = Self.match(file.apis.blocking, call, in: file) {
            file.report(
                Self.self, at: call.node,
                "'\(call.name)' parks a thread that other tasks need; use \(entry.use)", fixes: fix(call, in: file))
        } else if let entry = Self.match(file.apis.fileIO, call, in: file), !Self.isConsole(call) {
            // A function that works on files does so in every second line: it is one finding.
            guard file.isFirst(Self.fileIO.id, in: file.code(of: call.node)) else { return }
            file.report(
                Self.self, at: call.node, part: Self.fileIO.id,
                "'\(call.name)' waits for a file on a thread that other tasks need; use \(entry.use)")
        } else if let parks = Self.parksInside(call, in: file) {
            file.report(
                Self.self, at: call.node, part: Self.oneCallAway.id,
                "'\(call.name)' parks a thread that other tasks need, by \(parks); make it asynchronous, or call it off the pool"
            )
        }
    }

    /// What a synchronous function of the linted files does that parks the thread, when nothing but it can be meant.
    private static func parksInside(_ call: Call, in file: FileContext) -> String? {
        guard file.symbols.mayPark(call.name), !file.isAwaited(call.node), file.runsAsync(call.node) else { return nil }
        if isBeforeExit(call) { return nil }
        if call.isBare, file.types.localDeclaration(of: call.name, at: Syntax(call.node)) != nil { return nil }
        let functions = file.symbols.candidates(for: call, in: file)
        guard functions.count == 1, !functions[0].isAsync, let parks = functions[0].parks else { return nil }
        // Somebody calls it on a queue of its own: whoever wrote it knows that it blocks.
        let name = call.name
        let isOffloaded = !call.node.root.traverse { node in
            guard let other = node.as(FunctionCallExprSyntax.self).flatMap({ Call($0) }),
                ["async", "asyncAfter", "addOperation", "detachNewThread"].contains(other.name)
            else { return .into }
            return other.closures.contains { $0.closure.mentions(name) } ? .stop : .into
        }
        return isOffloaded ? nil : parks
    }

    /// `flush(); exit(0)`: the process ends, and nobody needs the thread any more.
    private static func isBeforeExit(_ call: Call) -> Bool {
        guard let item = call.node.ancestor(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self),
            let next = list.drop(while: { $0.id != item.id }).dropFirst().first
        else { return false }
        return next.item.as(ExprSyntax.self).flatMap { Call($0.core) }.map {
            ["exit", "_exit", "abort"].contains($0.name)
        }
            ?? false
    }

    /// Whether a call parks its thread, whoever makes it.
    static func parks(_ call: Call, in file: FileContext) -> Bool {
        guard let entry = entry(file.apis.blocking, call, in: file), !file.isAwaited(call.node) else { return false }
        return !returnsAtOnce(call, entry, in: file) && !isOwn(call, entry, in: file)
    }

    /// Whether a call parks its thread, and asynchronous code makes it.
    static func blocks(_ call: Call, in file: FileContext) -> Bool { match(file.apis.blocking, call, in: file) != nil }

    /// `FileHandle.standardError.write(…)` is a `print`.
    private static func isConsole(_ call: Call) -> Bool {
        guard let access = call.base?.core.as(MemberAccessExprSyntax.self) else { return false }
        return ["standardError", "standardOutput"].contains(access.declName.baseName.text)
    }

    /// Whether a chain begins at one of NIO's channels for tests, whose futures are complete at once.
    private static func isEmbedded(_ base: ExprSyntax, in file: FileContext) -> Bool {
        var root = base.core
        while true {
            if file.types.typeName(of: root).map({ $0.contains("Embedded") || $0.contains("Testing") }) == true {
                return true
            }
            let next = root.as(MemberAccessExprSyntax.self)?.base ?? Call(root)?.base
            guard let next else { return false }
            root = next.core
        }
    }

    private static func entry(_ table: [String: [APITable.Entry]], _ call: Call, in file: FileContext) -> APITable
        .Entry?
    {
        guard let entries = table[call.name] else { return nil }
        return entries.first { entry in
            guard entry.pattern.fits(call) else { return false }
            switch entry.pattern.receiver {
            case .none:
                return call.isBare
                    || ["Foundation", "Glibc", "Darwin", "Musl", "Dispatch"].contains(call.base?.identifier)
            case .any:
                guard let base = call.base else { return false }
                guard let prefix = entry.importPrefix else { return true }
                return call.node.ancestorTry != nil && file.types.typeName(of: base) == nil
                    && !isEmbedded(base, in: file) && file.imports(prefix: prefix, around: call.node)
            case .type(let type):
                guard let base = call.base else {
                    // A method that the class around it inherits.
                    guard call.isBare, entry.pattern.labels != nil, let own = file.enclosingTypeName(of: call.node)
                    else {
                        return false
                    }
                    return file.symbols.ancestors(of: own).contains(type)
                }
                if base.core.identifier == type { return true }
                guard let found = file.types.typeName(of: base) else { return false }
                return found == type || file.symbols.ancestors(of: found).contains(type)
            }
        }
    }

    private static func match(_ table: [String: [APITable.Entry]], _ call: Call, in file: FileContext) -> APITable
        .Entry?
    {
        guard let entry = entry(table, call, in: file), !file.isAwaited(call.node),
            !returnsAtOnce(call, entry, in: file)
        else { return nil }
        // A table of short calls (files) is not held against an actor's own synchronous methods.
        let isShort = file.apis.blocking[call.name]?.contains { $0.pattern == entry.pattern } != true
        guard file.runsAsync(call.node) || (!isShort && file.runsOnActor(call.node)) else { return nil }
        return isOwn(call, entry, in: file) ? nil : entry
    }

    /// Whether a declaration of the files themselves under this name is what is meant.
    private static func isOwn(_ call: Call, _ entry: APITable.Entry, in file: FileContext) -> Bool {
        if call.isBare {
            return file.types.localDeclaration(of: call.name, at: Syntax(call.node)) != nil
                || !file.symbols.candidates(for: call, in: file).isEmpty || file.symbols.declaresType(call.name)
        }
        if case .type(let type) = entry.pattern.receiver { return file.symbols.declaresType(type) }
        return false
    }

    /// Whether the call cannot wait: a flag says so, the descriptor does, or the time limit is none.
    private static func returnsAtOnce(_ call: Call, _ entry: APITable.Entry, in file: FileContext) -> Bool {
        if !entry.unless.isEmpty, call.node.arguments.mentions(entry.unless) { return true }
        if entry.unlessNear.contains(where: { file.source.contains($0) }) { return true }
        switch call.name {
        case "poll": return call.node.arguments.last?.expression.trimmedDescription == "0"
        case "wait": return [".now()", "DispatchTime.now()"].contains(call.argument("timeout")?.trimmedDescription)
        default: return false
        }
    }

    /// `Thread.sleep(forTimeInterval: x)` becomes `try await Task.sleep(for: .seconds(x))` where an error may leave.
    private func fix(_ call: Call, in file: FileContext) -> [Fix] {
        guard call.baseName == "Thread", let interval = call.argument("forTimeInterval") else { return [] }
        let code = file.code(of: call.node)
        let simple = call.node.parent?.is(CodeBlockItemSyntax.self) ?? false
        return [
            Fix(
                title: "suspend instead",
                safety: simple && code.saysAsync && file.mayThrow(at: call.node) ? .safe : .suggestion,
                edits: [
                    file.replace(
                        call.node, by: "try await Task.sleep(for: .seconds(\(interval.trimmedDescription)))")
                ])
        ]
    }
}
#endif
