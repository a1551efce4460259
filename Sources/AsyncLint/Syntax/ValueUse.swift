#if Lint
import SwiftSyntax

/// What becomes of an expression's value.
enum ValueUse {
    /// Nobody gets it.
    case dropped
    /// It stands in an array literal that nobody gets.
    case droppedArray
    /// `_ = …`: dropped on purpose.
    case discarded
    /// Stored, passed, returned, or part of a larger expression.
    case used
}

extension FileContext {
    /// Says what becomes of the value. A closure of one expression returns it, unless its caller is known to want nothing.
    func use(of expression: some ExprSyntaxProtocol) -> ValueUse {
        var node = Syntax(expression)
        var inArray = false
        while let parent = node.parent {
            switch parent.kind {
            case .tryExpr, .awaitExpr:
                node = parent
            case .arrayElement, .arrayElementList, .arrayExpr:
                inArray = true
                node = parent
            case .exprList:
                guard let sequence = parent.parent?.as(SequenceExprSyntax.self) else { return .used }
                let parts = Array(sequence.elements)
                let assigns = parts.count > 2 && parts[0].is(DiscardAssignmentExprSyntax.self)
                return assigns && node.id == parts[2].id ? .discarded : .used
            case .codeBlockItem:
                return isReturned(parent) ? .used : (inArray ? .droppedArray : .dropped)
            case .expressionStmt:
                node = parent
            default:
                return .used
            }
        }
        return .used
    }

    /// Whether an expression that stands as a statement is the value of the code around it.
    private func isReturned(_ item: Syntax) -> Bool {
        guard let list = item.parent?.as(CodeBlockItemListSyntax.self), list.count == 1, let owner = list.parent else {
            return false
        }
        if let closure = owner.as(ClosureExprSyntax.self) { return !wantsNothing(closure) }
        switch owner.kind {
        case .accessorBlock: return true
        case .switchCase:
            guard let whole = owner.parent?.parent else { return false }
            return isValue(whole)
        case .codeBlock:
            guard let holder = owner.parent else { return false }
            switch holder.kind {
            case .functionDecl, .accessorDecl: return !(Code(holder)?.returnsVoid ?? true)
            case .ifExpr: return isValue(holder)
            default: return false
            }
        default: return false
        }
    }

    /// Whether an `if` or `switch` is used as an expression.
    private func isValue(_ branch: Syntax) -> Bool {
        guard let parent = branch.parent else { return false }
        switch parent.kind {
        case .ifExpr: return isValue(parent)
        case .expressionStmt:
            guard let item = parent.parent, item.is(CodeBlockItemSyntax.self) else { return false }
            return isReturned(item)
        case .codeBlockItem: return isReturned(parent)
        default: return true
        }
    }

    /// Whether a closure's caller is known to want no value.
    func wantsNothing(_ closure: ClosureExprSyntax) -> Bool {
        if let type = closure.signature?.returnClause?.type { return ["Void", "()"].contains(type.trimmedDescription) }
        guard let (call, label) = closure.owningCall else { return false }
        if spawn(call) != nil { return use(of: call.node) != .used }
        if apis.takesVoidClosure(call, label: label), use(of: call.node) != .used { return true }
        return symbols.closureParameter(of: call, label: label, in: self)?.returnsVoid ?? false
    }
}
#endif
