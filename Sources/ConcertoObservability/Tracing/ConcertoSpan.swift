#if Observability
public import Tracing

/// A span of a ``ConcertoTracer``. One that is not recorded keeps nothing but its context.
public final class ConcertoSpan: Tracing.Span {
    /// Attributes, events and links that a span keeps; more are counted.
    static let limit = 128

    private struct State {
        var name: String
        /// `nil` for what is not recorded, and once it has ended.
        var data: SpanData?
        var attributes = SpanAttributes()
    }

    /// The span's own context: what begins in it is its child.
    public let context: ServiceContext
    private let sink: any SpanSink
    private let state: Guarded<State>

    init(context: ServiceContext, name: String, recording: SpanData?, sink: any SpanSink) {
        self.context = context
        self.sink = sink
        state = Guarded(State(name: name, data: recording))
    }

    /// Whether anything is kept.
    public var isRecording: Bool { state.withLock { $0.data != nil } }

    /// What is done.
    public var operationName: String {
        get { state.withLock { $0.name } }
        set {
            state.withLock { state in
                state.name = newValue
                state.data?.name = newValue
            }
        }
    }

    /// More about it. Nothing is kept once the span has ended, or if it is not recorded.
    public var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { state.withLock { if $0.data != nil { $0.attributes = newValue } } }
    }

    /// Says how it ended. "Well" is final.
    public func setStatus(_ status: SpanStatus) {
        state.withLock { state in
            // "Well" is final: whoever says so knows better than the libraries below.
            guard state.data?.status != .ok else { return }
            switch status.code {
            case .ok: state.data?.status = .ok
            case .error: state.data?.status = .error(status.message ?? "")
            }
        }
    }

    /// Keeps an event; 128 at most, more are counted.
    public func addEvent(_ event: SpanEvent) {
        let (attributes, dropped) = Attributes.limited(event.attributes)
        add(
            SpanData.Event(
                name: event.name, time: event.nanosecondsSinceEpoch, attributes: attributes, droppedAttributes: dropped)
        )
    }

    /// Keeps an error as an event `exception`.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        var (all, dropped) = Attributes.limited(attributes)
        all["exception.type"] = .string(String(reflecting: type(of: error)))
        all["exception.message"] = .string("\(error)")
        add(
            SpanData.Event(
                name: "exception", time: instant().nanosecondsSinceEpoch, attributes: all, droppedAttributes: dropped))
    }

    private func add(_ event: SpanData.Event) {
        state.withLock { state in
            guard state.data != nil else { return }
            if state.data!.events.count < Self.limit {
                state.data!.events.append(event)
            } else {
                state.data!.droppedEvents += 1
            }
        }
    }

    /// Keeps a link; 128 at most, more are counted.
    public func addLink(_ link: SpanLink) {
        guard let trace = link.context.trace else { return }
        let attributes = Attributes.limited(link.attributes).0
        state.withLock { state in
            guard state.data != nil else { return }
            if state.data!.links.count < Self.limit {
                state.data!.links.append(SpanData.Link(context: trace, attributes: attributes))
            } else {
                state.data!.droppedLinks += 1
            }
        }
    }

    /// Ends the span and hands it on. A second end changes nothing.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let ended = state.withLock { state -> (SpanData, SpanAttributes)? in
            guard let data = state.data else { return nil }
            state.data = nil
            return (data, state.attributes)
        }
        guard let (begun, attributes) = ended else { return }
        var data = begun
        data.end = max(instant().nanosecondsSinceEpoch, data.start)
        (data.attributes, data.droppedAttributes) = Attributes.limited(attributes)
        sink.take(data)
    }
}

extension Attributes {
    /// At most as many as a span keeps, the first by name, and how many there were more.
    static func limited(_ attributes: SpanAttributes) -> (Attributes, Int) {
        var all: [(String, AttributeValue)] = []
        all.reserveCapacity(attributes.count)
        attributes.forEach { key, value in
            if let value = AttributeValue(value) { all.append((key, value)) }
        }
        guard all.count > ConcertoSpan.limit else { return (Attributes(all), 0) }
        all.sort { $0.0 < $1.0 }
        return (Attributes(all.prefix(ConcertoSpan.limit)), all.count - ConcertoSpan.limit)
    }
}

extension AttributeValue {
    /// The same value of a span's attribute; `nil` for kinds that later versions may add.
    init?(_ value: SpanAttribute) {
        switch value {
        case .int32(let number): self = .int(Int64(number))
        case .int64(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .bool(let truth): self = .bool(truth)
        case .string(let text): self = .string(text)
        case .stringConvertible(let value): self = .string("\(value)")
        case .int32Array(let numbers): self = .array(numbers.map { .int(Int64($0)) })
        case .int64Array(let numbers): self = .array(numbers.map { .int($0) })
        case .doubleArray(let numbers): self = .array(numbers.map { .double($0) })
        case .boolArray(let truths): self = .array(truths.map { .bool($0) })
        case .stringArray(let texts): self = .array(texts.map { .string($0) })
        case .stringConvertibleArray(let values): self = .array(values.map { .string("\($0)") })
        default: return nil
        }
    }
}
#endif
