#if Lint
import SwiftSyntax

struct WaitBeforeDrain: CodeRule {
    static let words: [String] = ["Pipe"]

    func check(_ code: Code, in file: FileContext) {
        guard let statements = code.statements, code.kind != .topLevel || statements.mentions("Pipe") else { return }
        var gifts: [(site: ExprSyntax, pipe: String?, member: String)] = []
        statements.traverseOwnLevel { node in
            guard let assignment = Assignment(node), let value = assignment.single?.core,
                let access = assignment.target.core.as(MemberAccessExprSyntax.self),
                ["standardOutput", "standardError"].contains(access.declName.baseName.text)
            else { return .into }
            let member = access.declName.baseName.text
            if let name = value.identifier, makesPipe(name, at: Syntax(value), in: file) {
                gifts.append((value, name, member))
            } else if let call = Call(value), call.isBare, call.name == "Pipe", call.node.arguments.isEmpty {
                gifts.append((value, nil, member))
            }
            return .into
        }
        guard !gifts.isEmpty, let wait = wait(in: statements, file) else { return }
        for gift in gifts where gift.site.position < wait.position {
            guard let pipe = gift.pipe else {
                if isReadThroughProcess(gift.member, in: statements) { continue }
                file.report(
                    Self.self, at: gift.site,
                    "nobody can read this pipe: a child that writes 64 KiB into it stops for good; use FileHandle.nullDevice",
                    notes: [(wait, "waits for the child")],
                    fixes: [
                        Fix(
                            title: "throw the output away", safety: .suggestion,
                            edits: [file.replace(gift.site, by: "FileHandle.nullDevice")])
                    ])
                continue
            }
            guard !isMentioned(pipe, in: statements, before: wait, besides: gift.site) else { continue }
            file.report(
                Self.self, at: wait,
                "the child stops when '\(pipe)' is full, and this waits for the child; read to the end first, then wait",
                notes: [(Syntax(gift.site), "written by the child")], fixes: swap(wait, pipe, in: file))
            return
        }
    }

    /// Whether a name is a pipe that this code made.
    private func makesPipe(_ name: String, at node: Syntax, in file: FileContext) -> Bool {
        guard let binding = file.types.localDeclaration(of: name, at: node)?.as(PatternBindingSyntax.self),
            let value = binding.initializer?.value.core, let call = Call(value)
        else { return false }
        return call.isBare && call.name == "Pipe" && Code.enclosing(binding).node.id == Code.enclosing(node).node.id
    }

    /// The statement that waits for the end of a process: `waitUntilExit()`, or a wait for what a termination handler signals.
    private func wait(in statements: CodeBlockItemListSyntax, _ file: FileContext) -> Syntax? {
        let handles = statements.mentions("terminationHandler")
        var found: Syntax?
        statements.traverseOwnLevel { node in
            guard let call = node.call, call.base != nil else { return .into }
            if call.name == "waitUntilExit" || (handles && call.name == "wait" && !file.isAwaited(call.node)) {
                found = node
            }
            return found == nil ? .into : .stop
        }
        return found
    }

    private func isMentioned(
        _ pipe: String, in statements: CodeBlockItemListSyntax, before wait: Syntax, besides gift: ExprSyntax
    ) -> Bool {
        for token in statements.tokens(viewMode: .sourceAccurate) where token.plainText == pipe {
            if token.position >= wait.position { return false }
            guard let reference = token.parent?.as(DeclReferenceExprSyntax.self), reference.id != gift.id else {
                continue
            }
            // `standardOutput = pipe; standardError = pipe`, and its writing end, drain nothing.
            if let sequence = reference.parent?.parent, let assignment = Assignment(sequence),
                assignment.target.trimmedDescription.contains(".standard")
            {
                continue
            }
            if let access = reference.parent?.as(MemberAccessExprSyntax.self),
                access.declName.baseName.text == "fileHandleForWriting"
            {
                continue
            }
            return true
        }
        return false
    }

    /// Whether `process.standardError` is looked at again, or the process goes somewhere where it may be.
    private func isReadThroughProcess(_ member: String, in statements: CodeBlockItemListSyntax) -> Bool {
        var mentions = 0
        for token in statements.tokens(viewMode: .sourceAccurate) where token.text == member { mentions += 1 }
        return mentions > 1
    }

    /// Reading right behind the wait changes places with it: both happen anyway, and in this order nobody is stuck.
    private func swap(_ wait: Syntax, _ pipe: String, in file: FileContext) -> [Fix] {
        guard let item = wait.parent?.as(CodeBlockItemSyntax.self),
            let list = item.parent?.as(CodeBlockItemListSyntax.self),
            let next = list.drop(while: { $0.id != item.id }).dropFirst().first,
            next.item.is(VariableDeclSyntax.self), !next.leadingTrivia.hasComment, !item.trailingTrivia.hasComment,
            next.mentions(pipe), next.mentions(["readDataToEndOfFile", "readToEnd"])
        else { return [] }
        return [
            Fix(
                title: "read first, then wait", safety: .safe,
                edits: [
                    file.replace(item.item, by: file.text(of: next.item)),
                    file.replace(next.item, by: file.text(of: item.item)),
                ])
        ]
    }
}
#endif
