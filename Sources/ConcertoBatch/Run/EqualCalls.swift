#if Batch
import Concerto
import ConcertoHTTP
import NIOCore

/// Answers of calls that other rows make too: each is called once while its answer is remembered.
///
/// One row leads; those with the same call wait for its answer, whatever its status, and take it. A call that ends without an
/// answer says nothing of theirs: they make it themselves, all at once, as if nobody had gone before.
///
/// Invariant: a key is `underWay` from the ``enter(_:)`` that answered ``Entrance/first`` to its ``end(_:with:of:)``, which
/// its row calls however it ends. The promise is completed outside the lock; who waited for it looks for the answer, and does
/// not wait again.
final class EqualCalls: Sendable {
    /// What a call is told that wants in.
    enum Entrance: Sendable {
        /// Nobody makes it: the caller is to, and says how it ended.
        case first
        /// Somebody has made it, whose row has this id, as it stands in results.
        case answer(HTTPReply, id: JSONText)
        /// Somebody is making it; ends with that call.
        case later(TaskHandle<Void>)
    }

    private enum Entry {
        case underWay(TaskCompletionSource<Void>)
        case done(HTTPReply, id: JSONText, size: Int)
    }

    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        /// Finished calls in their order, from `first` on.
        var order: [[UInt8]] = []
        var first = 0
        var size = 0
    }

    /// What an entry takes besides its bytes.
    private static let overhead = 512

    private let room: Int
    private let state = Guarded(State())

    /// - Parameter room: Bytes of answers that are remembered; beyond that, those that came longest ago are
    ///   forgotten, and their calls made again.
    init(room: Int) { self.room = room }

    /// What makes two calls equal: method, URL, headers and body. `nil` for a call that must not stand for another, because
    /// it changes something.
    static func key(of call: HTTPCall) -> [UInt8]? {
        guard call.method == "GET" || call.method == "HEAD" else { return nil }
        var key: [UInt8] = []
        func append(_ bytes: some Collection<UInt8>) {
            withUnsafeBytes(of: bytes.count.littleEndian) { key.append(contentsOf: $0) }
            key.append(contentsOf: bytes)
        }
        append(call.method.utf8)
        append(call.url.utf8)
        for (name, value) in call.headers.map({ ($0.name.lowercased(), $0.value) }).sorted(by: <) {
            append(name.utf8)
            append(value.utf8)
        }
        append(call.body ?? [])
        return key
    }

    /// The answer, if it is remembered.
    func answer(_ key: [UInt8]) -> (reply: HTTPReply, id: JSONText)? {
        state.withLock { state in
            if case .done(let reply, let id, _) = state.entries[key] { (reply, id) } else { nil }
        }
    }

    func enter(_ key: [UInt8]) -> Entrance {
        state.withLock { state in
            switch state.entries[key] {
            case nil:
                state.entries[key] = .underWay(TaskCompletionSource())
                return .first
            case .underWay(let promise): return .later(promise.task)
            case .done(let reply, let id, _): return .answer(reply, id: id)
            }
        }
    }

    /// The call that ``enter(_:)`` let in first has ended; with `nil`, without an answer. Of others, it is not heard.
    func end(_ key: [UInt8], with reply: HTTPReply?, of id: JSONText) {
        var forgotten: [Entry] = []
        // A copy: the body may be a part of a buffer that is much larger, and would be kept whole.
        let kept = reply.map { reply in
            var kept = reply
            kept.body = ByteBuffer(bytes: reply.body.readableBytesView)
            return kept
        }
        let headers = reply?.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } ?? 0
        let promise = state.withLock { state -> TaskCompletionSource<Void>? in
            guard case .underWay(let promise) = state.entries[key] else { return nil }
            state.entries[key] = nil
            guard let kept else { return promise }
            let size = Self.overhead + 2 * key.count + headers + kept.body.readableBytes
            guard size <= room else { return promise }
            state.size += size
            state.entries[key] = .done(kept, id: id, size: size)
            state.order.append(key)
            while state.size > room {
                let oldest = state.entries.removeValue(forKey: state.order[state.first])
                state.order[state.first] = []
                state.first += 1
                if case .done(_, _, let size) = oldest { state.size -= size }
                if let oldest { forgotten.append(oldest) }
            }
            if state.first > 1_024, state.first > state.order.count / 2 {
                state.order.removeFirst(state.first)
                state.first = 0
            }
            return promise
        }
        // Answers are freed outside the lock.
        withExtendedLifetime(forgotten) {}
        promise?.trySetResult(())
    }
}
#endif
