#if Observability
/// Named values, ordered by name, each name once: what tells the series of a metric from each other.
public struct Attributes: Sendable, Hashable {
    /// A named value.
    public struct Entry: Sendable, Hashable {
        /// The name.
        public let key: String
        /// The value.
        public let value: AttributeValue
    }

    /// The values, ordered by the names' bytes.
    public private(set) var entries: [Entry] = []

    /// No attributes.
    public init() {}

    /// The values of `pairs`, in any order. Of several with one name the last one counts.
    public init(_ pairs: some Sequence<(String, AttributeValue)>) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The value with a name; setting `nil` takes it away. Time grows with the number of attributes.
    public subscript(key: String) -> AttributeValue? {
        get { entries.first { $0.key == key }?.value }
        set {
            let place = entries.firstIndex { !($0.key.utf8.lexicographicallyPrecedes(key.utf8)) } ?? entries.endIndex
            let exists = place < entries.endIndex && entries[place].key == key
            switch newValue {
            case .some(let value) where exists: entries[place] = Entry(key: key, value: value)
            case .some(let value): entries.insert(Entry(key: key, value: value), at: place)
            case .none where exists: entries.remove(at: place)
            case .none: break
            }
        }
    }

    /// Whether there are none.
    public var isEmpty: Bool { entries.isEmpty }
    /// How many there are.
    public var count: Int { entries.count }

    /// These and `other`; where both have a name, what `other` says.
    public func merging(_ other: Attributes) -> Attributes {
        var all = self
        for entry in other.entries { all[entry.key] = entry.value }
        return all
    }
}

extension Attributes: ExpressibleByDictionaryLiteral {
    /// Named values, in any order.
    public init(dictionaryLiteral elements: (String, AttributeValue)...) { self.init(elements) }
}
#endif
