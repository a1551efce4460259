#if Batch
import Concerto
import ConcertoHTTP

extension RowRunner {
    /// What a row does about its call, which other rows may make too.
    enum Turn {
        /// Another has made it.
        case answer(HTTPReply, id: JSONText)
        /// It makes it, for those that come meanwhile as well.
        case leads([UInt8])
        case alone
    }

    func turn(of call: HTTPCall, _ crew: WorkerCrew, _ worker: Int) async throws -> Turn {
        guard let equals = parts.equals, let key = EqualCalls.key(of: call) else { return .alone }
        switch equals.enter(key) {
        case .first: return .leads(key)
        case .answer(let reply, let id): return .answer(reply, id: id)
        case .later(let other):
            // Without a slot: the one that makes the call has one.
            crew.park(worker)
            try await other.value
            await crew.unpark(worker)
            guard let (reply, id) = equals.answer(key) else { return .alone }
            return .answer(reply, id: id)
        }
    }
}
#endif
