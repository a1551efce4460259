#if Lint
import SwiftSyntax

/// A call as documentation writes it: `usleep(_:)`, `Thread.sleep(forTimeInterval:)`, `*.waitUntilExit()`,
/// `Data(contentsOf:...)`, `DispatchQueue.sync`.
struct APIPattern: Sendable, Hashable {
    /// What stands before the name.
    enum Receiver: Sendable, Hashable {
        case none
        case any
        case type(String)
    }

    let receiver: Receiver
    let name: String
    /// The labels; nil when any will do.
    let labels: [String]?
    /// Whether further arguments may follow the labels.
    let isOpen: Bool

    /// Returns nil for text that is no pattern.
    init?(_ text: String) {
        var head = Substring(text)
        var labels: [String]?
        var isOpen = false
        if let paren = text.firstIndex(of: "(") {
            guard text.hasSuffix(")") else { return nil }
            head = text[..<paren]
            var inside = text[text.index(after: paren)...].dropLast()
            if inside.hasSuffix("...") {
                isOpen = true
                inside = inside.dropLast(3)
            }
            guard inside.isEmpty || inside.hasSuffix(":") else { return nil }
            labels = inside.split(separator: ":").map(String.init)
        }
        let parts = head.split(separator: ".", omittingEmptySubsequences: false)
        guard let name = parts.last, !name.isEmpty, parts.count <= 2, !head.contains(" ") else { return nil }
        self.name = String(name)
        self.labels = labels
        self.isOpen = isOpen
        if parts.count == 1 {
            receiver = .none
        } else if parts[0] == "*" {
            receiver = .any
        } else {
            guard !parts[0].isEmpty else { return nil }
            receiver = .type(String(parts[0]))
        }
    }

    /// Whether a call's labels fit. Trailing closures fit any place at the end.
    func fits(_ call: Call) -> Bool {
        guard let labels else { return true }
        let given = call.labels
        let trailing = call.node.trailingClosure != nil
        // C takes no trailing closure: `read(channel) { … }` is somebody's own.
        if trailing, receiver == .none, labels.allSatisfy({ $0 == "_" }) { return false }
        if given.count > labels.count && !isOpen { return false }
        if given.count < labels.count && !trailing { return false }
        return zip(labels, given).allSatisfy { $0 == $1 }
    }
}
#endif
