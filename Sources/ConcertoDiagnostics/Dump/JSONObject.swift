/// An object of JSON whose keys keep their order.
struct JSONObject {
    private var members: [(key: String, value: JSONValue)] = []

    init(_ fill: (inout JSONObject) -> Void) { fill(&self) }

    /// - Parameter type: The value of its first key, `type`.
    init(_ type: String, _ fill: (inout JSONObject) -> Void) {
        self["type"] = .string(type)
        fill(&self)
    }

    /// Adds a member; `nil` adds none. A key is set once.
    subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set { if let newValue { members.append((key, newValue)) } }
    }

    /// On one line.
    var text: String {
        var text = "{"
        write(to: &text)
        return text
    }

    fileprivate func write(to text: inout String) {
        for (index, member) in members.enumerated() {
            if index > 0 { text += "," }
            JSONValue.write(member.key, to: &text)
            text += ":"
            member.value.write(to: &text)
        }
        text += "}"
    }
}

/// A value of JSON.
enum JSONValue {
    case string(String)
    case number(Int)
    /// A number of 64 bits. Readers that keep numbers as doubles lose nothing of those that the runtime gives.
    case id(UInt64)
    /// A finite number.
    case real(Double)
    case bool(Bool)
    case null
    case array([JSONValue])
    case object(JSONObject)

    static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }
    static func ids(_ values: [UInt64]) -> JSONValue { .array(values.map(JSONValue.id)) }

    func write(to text: inout String) {
        switch self {
        case .string(let value): Self.write(value, to: &text)
        case .number(let value): text += String(value)
        case .id(let value): text += String(value)
        case .real(let value): text += value.isFinite ? (Int(exactly: value).map(String.init) ?? String(value)) : "null"
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let object):
            text += "{"
            object.write(to: &text)
        }
    }

    static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            // Also the separators that some readers take for the end of a line.
            case _
            where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x2028 || scalar.value == 0x2029:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
