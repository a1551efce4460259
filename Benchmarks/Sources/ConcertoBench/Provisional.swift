import Synchronization

// The simplest correct forms of what the library will have: no cancellation, no fairness beyond first come.

/// A bounded channel.
final class Channel<Element: Sendable>: Sendable {
    private struct State {
        var buffer: [Element?]
        var head = 0
        var count = 0
        var receivers = Fifo<UnsafeContinuation<Element?, Never>>()
        var senders = Fifo<(Element, UnsafeContinuation<Void, Never>)>()
        var finished = false

        mutating func append(_ element: Element) {
            buffer[(head + count) % buffer.count] = element
            count += 1
        }

        mutating func removeFirst() -> Element {
            defer {
                buffer[head] = nil
                head = (head + 1) % buffer.count
                count -= 1
            }
            return buffer[head]!
        }
    }

    private let state: Mutex<State>

    init(capacity: Int) { state = Mutex(State(buffer: .init(repeating: nil, count: capacity))) }

    func send(_ element: Element) async {
        let (receiver, sent) = state.withLock { state -> (UnsafeContinuation<Element?, Never>?, Bool) in
            if let receiver = state.receivers.popFirst() { return (receiver, true) }
            guard state.count < state.buffer.count else { return (nil, false) }
            state.append(element)
            return (nil, true)
        }
        if let receiver { return receiver.resume(returning: element) }
        if sent { return }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let (receiver, sent) = state.withLock { state -> (UnsafeContinuation<Element?, Never>?, Bool) in
                if let receiver = state.receivers.popFirst() { return (receiver, true) }
                guard state.count == state.buffer.count else {
                    state.append(element)
                    return (nil, true)
                }
                state.senders.append((element, continuation))
                return (nil, false)
            }
            receiver?.resume(returning: element)
            if sent { continuation.resume() }
        }
    }

    /// The next element, or `nil` once the channel has finished and is empty.
    func receive() async -> Element? {
        if let (element, sender) = state.withLock({ Self.take(&$0) }) {
            sender?.resume()
            return element
        }
        return await withUnsafeContinuation { (continuation: UnsafeContinuation<Element?, Never>) in
            let taken = state.withLock { state -> (Element?, UnsafeContinuation<Void, Never>?)? in
                if let taken = Self.take(&state) { return taken }
                state.receivers.append(continuation)
                return nil
            }
            guard let (element, sender) = taken else { return }
            sender?.resume()
            continuation.resume(returning: element)
        }
    }

    func finish() {
        let receivers = state.withLock { state in
            state.finished = true
            return state.receivers.removeAll()
        }
        for receiver in receivers { receiver.resume(returning: nil) }
    }

    private static func take(_ state: inout State) -> (Element?, UnsafeContinuation<Void, Never>?)? {
        guard state.count > 0 else { return state.finished ? (nil, nil) : nil }
        let element = state.removeFirst()
        guard let (next, sender) = state.senders.popFirst() else { return (element, nil) }
        state.append(next)
        return (element, sender)
    }
}

/// A counting semaphore.
final class Semaphore: Sendable {
    private struct State {
        var permits: Int
        var waiters = Fifo<UnsafeContinuation<Void, Never>>()
    }

    private let state: Mutex<State>

    init(permits: Int) { state = Mutex(State(permits: permits)) }

    func wait() async {
        if state.withLock({ Self.take(&$0) }) { return }
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let taken = state.withLock { state in
                if Self.take(&state) { return true }
                state.waiters.append(continuation)
                return false
            }
            if taken { continuation.resume() }
        }
    }

    func signal() {
        let waiter = state.withLock { state in
            if let waiter = state.waiters.popFirst() { return Optional(waiter) }
            state.permits += 1
            return nil
        }
        waiter?.resume()
    }

    private static func take(_ state: inout State) -> Bool {
        guard state.permits > 0 else { return false }
        state.permits -= 1
        return true
    }
}

/// A source of cancellation with callbacks.
final class TokenSource: Sendable {
    private struct State {
        var next = 0
        var callbacks: [(Int, @Sendable () -> Void)] = []
    }

    private let state = Mutex(State())

    func register(_ callback: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.callbacks.append((state.next, callback))
            return state.next
        }
    }

    func unregister(_ id: Int) {
        state.withLock { state in
            if let index = state.callbacks.firstIndex(where: { $0.0 == id }) { state.callbacks.remove(at: index) }
        }
    }
}

/// A queue in an array that is compacted now and then.
struct Fifo<Element> {
    private var elements: [Element?] = []
    private var head = 0

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        defer {
            elements[head] = nil
            head += 1
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            } else if head > 1_024, head * 2 > elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }

    mutating func removeAll() -> [Element] {
        defer { self = Fifo() }
        return elements[head...].compactMap { $0 }
    }
}
