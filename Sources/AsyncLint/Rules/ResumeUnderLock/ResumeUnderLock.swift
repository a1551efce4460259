#if Lint
import SwiftSyntax

struct ResumeUnderLock: TypeRule {
    static let words: [String] = []
    static let anyWords = ["onCancel", "onTermination"]

    private static let closures: Set<String> = [
        "withLock", "withLockUnchecked", "withLockedValue", "withCriticalRegion", "withLockVoid", "locked",
    ]
    private static let wakes: Set<String> = ["resume", "finish", "yield"]

    func check(_ type: TypeScope, in file: FileContext) {
        let handlers = handlers(of: type)
        guard !handlers.isEmpty else { return }
        var locks: Set<String> = []
        for handler in handlers {
            locks.formUnion(taken(in: handler.statements))
            handler.statements.traverse { node in
                if let call = node.call {
                    // Whoever hops to a task takes no lock here.
                    if file.spawn(call) != nil { return .skip }
                    for function in type.functions(called: call) { locks.formUnion(taken(in: function.body)) }
                }
                return .into
            }
        }
        guard !locks.isEmpty else { return }
        for function in type.functions {
            for (wake, lock) in wakesUnderLock(in: function.body) where locks.contains(lock) {
                if handlers.contains(where: { wake.isInside($0) }) || isInContinuation(wake) { continue }
                file.report(
                    Self.self, at: wake,
                    "'\(lock)' is held here, and the cancellation handler waits for it while the task is locked: a dead-lock; "
                        + "resume behind the lock",
                    notes: handlers.first.map { [(Syntax($0), "the handler takes it")] } ?? [])
            }
        }
    }

    /// The closures that run when a task is cancelled, or a stream ends.
    private func handlers(of type: TypeScope) -> [ClosureExprSyntax] {
        var found: [ClosureExprSyntax] = []
        for function in type.functions {
            function.body.traverse { node in
                if let call = node.call {
                    for (label, closure) in call.closures where label == "onCancel" { found.append(closure) }
                }
                if let assignment = Assignment(node),
                    assignment.target.core.as(MemberAccessExprSyntax.self)?.declName.baseName.text == "onTermination",
                    let closure = assignment.single?.core.as(ClosureExprSyntax.self)
                {
                    found.append(closure)
                }
                return .into
            }
        }
        return found
    }

    private static func receiver(_ call: Call) -> String? {
        guard let base = call.base else { return nil }
        let text = base.core.trimmedDescription
        if text.hasPrefix("self.") { return String(text.dropFirst(5)) }
        return text.hasPrefix("self?.") ? String(text.dropFirst(6)) : text
    }

    private func taken(in items: CodeBlockItemListSyntax) -> Set<String> {
        var found: Set<String> = []
        items.traverse { node in
            guard let call = node.call else { return .into }
            if call.name == "Task" { return .skip }
            if Self.closures.contains(call.name) || call.name == "lock", let name = Self.receiver(call) {
                found.insert(name)
            }
            return .into
        }
        return found
    }

    /// Every `resume`, `finish` and `yield` with the lock it runs under.
    private func wakesUnderLock(in body: CodeBlockItemListSyntax) -> [(Syntax, String)] {
        var found: [(Syntax, String)] = []
        var madeHere: Set<String> = []
        body.traverseOwnLevel { node in
            if let tuple = node.as(PatternBindingSyntax.self)?.pattern.as(TuplePatternSyntax.self) {
                for element in tuple.elements { madeHere.insert(element.pattern.trimmedDescription) }
            }
            return .into
        }
        func wakes(below node: some SyntaxProtocol, _ lock: String, own: [String] = []) {
            node.traverse { part in
                guard let call = part.call else { return .into }
                if call.name == "Task" || call.name == "async" { return .skip }
                // `$0.finish()` of a state machine under the lock tells the machine, not the reader.
                let isState = call.name != "resume" && call.base?.core.identifier.map(own.contains) == true
                // Nobody can have cancelled the reader of a stream that was made right here.
                let isNew = call.name == "yield" && call.base?.core.identifier.map { madeHere.contains($0) } == true
                if Self.wakes.contains(call.name), call.base != nil, call.baseName != "Task", !isState, !isNew {
                    found.append((part, lock))
                }
                return .into
            }
        }
        body.traverse { node in
            if let call = node.call, Self.closures.contains(call.name), let name = Self.receiver(call),
                let closure = call.closures.first?.closure
            {
                wakes(below: closure.statements, name, own: closure.parameterNames)
                return .skip
            }
            guard let list = node.as(CodeBlockItemListSyntax.self) else { return .into }
            var held: String?
            for item in list {
                if let call = item.item.as(ExprSyntax.self).flatMap({ Call($0.core) }), let name = Self.receiver(call) {
                    if call.name == "lock" { held = name } else if call.name == "unlock", name == held { held = nil }
                }
                if let held { wakes(below: item, held) }
            }
            return .into
        }
        return found
    }

    private func isInContinuation(_ node: Syntax) -> Bool {
        var next = node.parent
        while let here = next {
            if here.is(FunctionDeclSyntax.self) { return false }
            if let call = here.call, ContinuationScope(call) != nil { return true }
            next = here.parent
        }
        return false
    }
}
#endif
