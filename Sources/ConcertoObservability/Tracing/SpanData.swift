#if Observability
/// A span that has ended: what exporters read.
public struct SpanData: Sendable {
    /// What kind of work it was. The raw value is OTLP's.
    public enum Kind: UInt32, Sendable {
        case `internal` = 1
        case server = 2
        case client = 3
        case producer = 4
        case consumer = 5
    }

    /// Something that happened.
    public struct Event: Sendable {
        /// What.
        public var name: String
        /// When, in nanoseconds since 1970.
        public var time: UInt64
        /// More about it.
        public var attributes: Attributes
        /// Attributes that were too many.
        public var droppedAttributes: Int

        /// Creates one.
        public init(name: String, time: UInt64, attributes: Attributes = [:], droppedAttributes: Int = 0) {
            self.name = name
            self.time = time
            self.attributes = attributes
            self.droppedAttributes = droppedAttributes
        }
    }

    /// Another span that has to do with it.
    public struct Link: Sendable {
        /// The other span.
        public var context: TraceContext
        /// More about it.
        public var attributes: Attributes

        /// Creates one.
        public init(context: TraceContext, attributes: Attributes = [:]) {
            self.context = context
            self.attributes = attributes
        }
    }

    /// How it ended.
    public enum Status: Sendable, Hashable {
        /// Nobody has said.
        case unset
        /// Well, as somebody has said.
        case ok
        /// It failed.
        case error(String)
    }

    /// Trace, span and flags.
    public var context: TraceContext
    /// The span it is part of; `nil` for the first of a trace.
    public var parent: SpanID?
    /// Whether the parent is in another process.
    public var hasRemoteParent: Bool
    /// What was done.
    public var name: String
    /// What kind of work it was.
    public var kind: Kind
    /// When it began, in nanoseconds since 1970.
    public var start: UInt64
    /// When it ended, in nanoseconds since 1970.
    public var end: UInt64
    /// More about it; 128 at most.
    public var attributes: Attributes
    /// Attributes that were too many.
    public var droppedAttributes: Int
    /// What happened meanwhile; 128 at most.
    public var events: [Event]
    /// Events that were too many.
    public var droppedEvents: Int
    /// Spans that have to do with it; 128 at most.
    public var links: [Link]
    /// Links that were too many.
    public var droppedLinks: Int
    /// How it ended.
    public var status: Status

    /// Creates a span that has ended.
    public init(
        context: TraceContext, parent: SpanID? = nil, hasRemoteParent: Bool = false, name: String,
        kind: Kind = .internal, start: UInt64, end: UInt64, attributes: Attributes = [:], droppedAttributes: Int = 0,
        events: [Event] = [], droppedEvents: Int = 0, links: [Link] = [], droppedLinks: Int = 0,
        status: Status = .unset
    ) {
        self.context = context
        self.parent = parent
        self.hasRemoteParent = hasRemoteParent
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.attributes = attributes
        self.droppedAttributes = droppedAttributes
        self.events = events
        self.droppedEvents = droppedEvents
        self.links = links
        self.droppedLinks = droppedLinks
        self.status = status
    }
}

/// Takes spans that have ended, on the thread that ended them: it must be quick and never wait.
public protocol SpanSink: Sendable {
    /// Takes a span that is sampled.
    func take(_ span: SpanData)
}
#endif
