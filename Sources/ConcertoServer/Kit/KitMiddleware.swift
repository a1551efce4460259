#if Server
import CConcerto
import Concerto
import ConcertoResilience
import ConcertoRuntime
import HTTPTypes
public import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// The parts of a ``ServerKit`` around a router's handlers; made by ``ServerKit/middleware(for:)``.
public struct KitMiddleware<Context: RequestContext>: RouterMiddleware {
    let kit: ServerKit

    /// Serves `request` through all parts.
    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let answer = await kit.health.answer(request) {
            note(answer.status, request.uri.path)
            return answer
        }
        let policy = context.endpointPath.flatMap { kit.options.routes[$0] }
        let rate = policy?.isExempt == true ? nil : kit.rate?.take(request)
        var response: Response
        do {
            response = try await limited(request, context, policy, rate, next)
        } catch let error as HTTPParserError {
            // Hummingbird answers 400 and closes.
            note(.badRequest, context.endpointPath)
            throw error
        } catch {
            response = try answer(to: error, request, context)
        }
        rate?.write(to: &response.headers)
        note(response.status, context.endpointPath)
        return response
    }

    /// For who measures requests: their route is known here, their end where they are served.
    private func note(_ status: HTTPResponse.Status, _ route: String?) {
        guard kit.life.observer != nil else { return }
        // Hummingbird has a word of its own for what no route has met.
        let template = route.flatMap { $0.hasPrefix("/") ? $0 : nil }
        RequestScope.bound?.peer?.note(status: status.code, route: template)
    }

    private func limited(
        _ request: Request, _ context: Context, _ policy: RoutePolicy?, _ rate: RateGate.Reading?,
        _ next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if let rate, !rate.isAllowed {
            kit.life.count(.rateLimited)
            throw Problem(.tooManyRequests, retryAfter: rate.retryAfter)
        }
        let limit = kit.limit(of: request, policy)
        if let limit, limit <= .zero { throw RequestDeadlineError() }
        guard let limit else { return try await admitted(request, context, policy, nil, next) }
        var work = ResilienceContext()
        let own = kit.life.clock.now.advanced(by: limit)
        let deadline = work.remaining == nil ? own : min(own, work.deadline)
        work.setDeadline(deadline, on: kit.life.clock)
        let scope = RequestScope(peer: RequestScope.bound?.peer, deadline: deadline, clock: kit.life.clock)
        return try await RequestScope.$bound.binding(scope) {
            try await ResilienceContext.$current.binding(work) {
                try await admitted(request, context, policy, (scope, work), next)
            }
        }
    }

    nonisolated(nonsending)
        private func admitted(
            _ request: Request, _ context: Context, _ policy: RoutePolicy?,
            _ limit: (scope: RequestScope, work: ResilienceContext)?,
            _ next: (Request, Context) async throws -> Response
        ) async throws -> Response
    {
        guard let gate = kit.admission, policy?.isExempt != true else {
            return try await timed(request, context, policy, limit, next)
        }
        return try await gate.admit(policy?.priority ?? .normal) {
            try await timed(request, context, policy, limit, next)
        }
    }

    /// The handler, until the deadline.
    nonisolated(nonsending)
        private func timed(
            _ request: Request, _ context: Context, _ policy: RoutePolicy?,
            _ limit: (scope: RequestScope, work: ResilienceContext)?,
            _ next: (Request, Context) async throws -> Response
        ) async throws -> Response
    {
        guard policy?.outlivesClient != true else {
            return try await withTaskCancellationShield { try await underDeadline(request, context, limit, next) }
        }
        return try await underDeadline(request, context, limit, next)
    }

    nonisolated(nonsending)
        private func underDeadline(
            _ request: Request, _ context: Context, _ limit: (scope: RequestScope, work: ResilienceContext)?,
            _ next: (Request, Context) async throws -> Response
        ) async throws -> Response
    {
        guard let limit else { return try await next(request, context) }
        let clock = kit.life.clock
        do {
            let response = try await withDeadline(limit.work.deadline, clock: clock) {
                try await next(request, context)
            }
            if limit.scope.reason == .deadline { kit.life.count(.lateAnswers) }
            return response.streaming(until: limit.scope, limit.work, clock)
        } catch {
            // Libraries report a cancellation by errors of their own.
            throw limit.scope.reason == .deadline ? RequestDeadlineError() : error
        }
    }

    private func answer(to error: any Error, _ request: Request, _ context: Context) throws -> Response {
        let requestID = context.logger[metadataKey: "hb.request.id"].map { "\($0)" }
        if let reason = RequestScope.current.reason {
            return Problem.unwanted(reason).response(to: request, requestID: requestID)
        }
        if error is RequestDeadlineError { kit.life.count(.deadlines) }
        if error is ShedError {
            kit.life.count(.shed)
            return Problem(.serviceUnavailable, retryAfter: 1).response(to: request, requestID: requestID)
        }
        if let problem = kit.options.problem(error) ?? Problem.foreseen(error) {
            return problem.response(to: request, requestID: requestID)
        }
        // A library's, which knows its status and what it says.
        if let error = error as? any HTTPResponseError { return try error.response(from: request, context: context) }
        kit.life.count(.failures)
        context.logger.error(
            "A handler failed",
            metadata: [
                "route": "\(context.endpointPath ?? "")", "method": "\(request.method)", "error": "\(error)",
            ])
        return Problem(.internalServerError).response(to: request, requestID: requestID)
    }
}

extension Response {
    /// A body that is streamed ends at the deadline too: with the connection, because the head has been sent. A stream of
    /// events has no end that a deadline could mean.
    fileprivate consuming func streaming(
        until scope: RequestScope, _ work: ResilienceContext, _ clock: any TimerClock
    ) -> Response {
        guard body.contentLength == nil, headers[.contentType]?.hasPrefix("text/event-stream") != true else {
            return self
        }
        let body = body
        self.body = ResponseBody { writer in
            // One after the other: what is called here is awaited before anybody else writes.
            nonisolated(unsafe) let given = writer
            try await RequestScope.$bound.binding(scope) {
                try await ResilienceContext.$current.binding(work) {
                    try await withDeadline(work.deadline, clock: clock) { try await body.write(given) }
                }
            }
        }
        return self
    }
}
#endif
