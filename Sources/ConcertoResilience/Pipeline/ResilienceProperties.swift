/// The name and type of something in ``ResilienceProperties``. Keep keys as static constants.
///
/// ```swift
/// extension ResiliencePropertyKey<String> {
///     static let tenant = ResiliencePropertyKey("tenant")
/// }
/// context.properties[.tenant] = "acme"
/// ```
public struct ResiliencePropertyKey<Value: Sendable>: Sendable, Hashable {
    /// The key's name; two keys of one name and type are the same key.
    public let name: String

    /// Creates a key.
    ///
    /// - Parameter name: Its name.
    public init(_ name: String) {
        self.name = name
    }
}

/// Typed values that travel with a ``ResilienceContext``. Empty ones cost nothing; the first value allocates.
public struct ResilienceProperties: Sendable {
    private struct Key: Hashable {
        let name: String
        let type: ObjectIdentifier
    }

    private var values: [Key: any Sendable]?

    /// Creates an empty set of properties.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { values?.isEmpty ?? true }

    /// The value under `key`, or `nil`.
    public subscript<Value>(key: ResiliencePropertyKey<Value>) -> Value? {
        get { values?[Key(name: key.name, type: ObjectIdentifier(Value.self))] as? Value }
        set {
            guard newValue != nil || values != nil else { return }
            values = values ?? [:]
            values?[Key(name: key.name, type: ObjectIdentifier(Value.self))] = newValue
        }
    }
}
