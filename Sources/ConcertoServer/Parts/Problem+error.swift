#if Server
import Concerto
import ConcertoResilience
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

extension Problem {
    /// What is told about `error`; `nil` for one that nobody has foreseen.
    static func foreseen(_ error: any Error) -> Problem? {
        switch error {
        case let problem as Problem: return problem
        case let error as HTTPError:
            var problem = Problem(error.status, detail: error.body)
            problem.headers = error.headers
            return problem
        case is BodyTooLargeError, is NIOTooManyBytesError: return Problem(.contentTooLarge)
        case is RequestDeadlineError: return Problem(.gatewayTimeout, detail: "There was no answer in time.")
        case is TimeoutError: return Problem(.gatewayTimeout)
        case is CircuitOpenError: return Problem(.serviceUnavailable, retryAfter: 1)
        default: return nil
        }
    }

    /// What an answer looks like that nobody waits for, or that the server itself has given up.
    static func unwanted(_ reason: RequestScope.Reason) -> Problem {
        switch reason {
        case .clientClosed, .writeStalled:
            Problem(HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request"))
        case .deadline: Problem(.gatewayTimeout)
        case .shutdown: Problem(.serviceUnavailable, retryAfter: 1)
        case .bodyTooSlow: Problem(.requestTimeout)
        }
    }
}
#endif
