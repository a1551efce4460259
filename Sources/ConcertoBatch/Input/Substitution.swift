#if Batch
/// What may stand between braces in a URL or a header: `{server}` for the demo server and `{env:NAME}` for
/// environment variables.
///
/// A data file must not be able to read the environment, so rows see only names that the caller allowed.
public struct Substitution: Sendable {
    /// What replaces `{server}`: scheme, host and port; `nil` where there is no demo server.
    public var server: String?
    /// The variables that may be named, with their values.
    public var environment: [String: String]

    /// Variables that the command line names: no row may, and nothing shows their values.
    public var hidden: [String: String] = [:]

    /// Creates a substitution.
    public init(server: String? = nil, environment: [String: String] = [:]) {
        self.server = server
        self.environment = environment
    }

    struct Problem: Error, CustomStringConvertible { var description: String }

    /// `template` with its placeholders replaced. Braces that enclose something else stay as they are.
    func apply(to template: String) throws -> String {
        guard template.contains("{") else { return template }
        var result = ""
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}") else { break }
            let name = rest[rest.index(after: open)..<close]
            if let value = try value(of: name) {
                result += value
                rest = rest[rest.index(after: close)...]
            } else {
                result += "{"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// What stands for a host (`host:port`) that `template` names: the name of a variable where its value stood.
    func label(_ host: String, of template: String) -> String {
        guard template.contains("{env:") else { return host }
        return replacing(host) { "{env:\($0)}" }
    }

    /// `text` without values that came from the environment. The shortest are left: every other word holds them.
    func hiding(_ text: String) -> String {
        environment.isEmpty && hidden.isEmpty ? text : replacing(text, longerThan: 3) { _ in URLSecrets.mask }
    }

    /// `text` without values that came from the environment, the shortest too.
    func hidingAll(_ text: String) -> String { replacing(text) { _ in URLSecrets.mask } }

    /// Whether a value that came from the environment stands in `text`, as it is or as a URL has it.
    func isNamed(in text: String) -> Bool { hidingAll(text) != text }

    /// A value as it may be written: itself, as a URL has it, as a string of JSON has it.
    private static func forms(of value: String) -> [String] {
        let encoded = String(decoding: percentEncoded(value), as: UTF8.self)
        let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return [value, value.lowercased(), encoded, encoded.lowercased(), escaped, escaped.replacing("/", with: "\\/")]
    }

    private func replacing(_ text: String, longerThan shortest: Int = 0, by name: (String) -> String) -> String {
        // The longest first: one value may be a part of another.
        let values = environment.merging(hidden) { value, _ in value }.sorted {
            ($1.value.utf8.count, $0.key) < ($0.value.utf8.count, $1.key)
        }
        return values.reduce(text) { text, variable in
            guard variable.value.utf8.count > shortest else { return text }
            return Self.forms(of: variable.value).reduce(text) { $0.replacing($1, with: name(variable.key)) }
        }
    }

    private func value(of name: Substring) throws -> String? {
        if name == "server" {
            guard let server else {
                throw Problem(description: "{server} stands for the demo server; run with --demo-server")
            }
            return server
        }
        guard name.hasPrefix("env:") else { return nil }
        let variable = String(name.dropFirst(4))
        guard let value = environment[variable] else {
            throw Problem(
                description: "{env:\(variable)} is not allowed here; name it with --allow-env \(variable)")
        }
        return value
    }
}
#endif
