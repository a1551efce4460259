#if Server
import Concerto
import ConcertoResilience
public import ConcertoResources
import ConcertoRuntime
import HTTPTypes
public import Hummingbird

/// Keeps whole answers of routes, each made once for all who ask for it.
///
/// ```swift
/// let pages = OutputCache { $0.timeToLive = .seconds(10) }
/// router.get("products/{id}", use: pages.caching { request, context in
///     try await product(context.parameters.require("id"))
/// })
/// ```
///
/// It stands where you put it, behind everything that stands around the route: who may not see an answer is turned away
/// before. What is around it may have put something into the context by which answers differ (who asks, whose tenant): name it
/// by `caching(by:_:)`, or one gets the answer of another.
///
/// Kept is what everybody may have: answers with status 200 to `GET`, whose length is known and not too long, without
/// `Set-Cookie`, and whose `Cache-Control` and `Vary` allow it. Past the cache go other methods, requests with
/// `Authorization`, with cookies, with `Range` or with `Cache-Control: no-store`. `HEAD` is answered from what `GET` has
/// left, and `If-None-Match` with 304 if the handler gave a tag. A client's `no-cache` and `max-age` are not obeyed: they
/// would let it switch the cache off for all. What a handler throws, and other statuses, those get who waited for them, and
/// the next request tries again.
///
/// A handler that is called for the cache belongs to no client: it goes on when the one that came first has gone and others
/// wait, it ends when all have gone, and no request's deadline but ``OutputCacheOptions/loadLimit`` ends it. It sees the path,
/// the query, the host and the headers that ``OutputCacheOptions/vary`` names; its context is that of the request that came
/// first, and so are task-local values such as a trace.
///
/// - Cancellation: a request that waits for an answer leaves when its client does, and nobody else notices.
/// - Allocates: a hit a key and the answer's head; the body is shared.
public final class OutputCache: Sendable {
    private let options: OutputCacheOptions
    private let vary: [HTTPField.Name]
    private let cache: LoadingCache<OutputKey, OutputSnapshot>
    /// What was not to be kept lately: nobody waits for another's answer there, only to be told to make its own.
    private let passed: LoadingCache<OutputKey, Bool>

    /// Creates a cache; traps if an option is invalid, and says which.
    public init(_ configure: (inout OutputCacheOptions) -> Void = { _ in }) {
        var options = OutputCacheOptions()
        configure(&options)
        guard options.maximumBody >= 0 else { fatalError("OutputCache: maximumBody must be 0 or more") }
        vary = options.vary.map { name in
            guard let name = HTTPField.Name(name) else {
                fatalError("OutputCache: vary has \(name), which is no header")
            }
            return name
        }
        self.options = options
        var caching = CacheOptions()
        caching.capacity = options.capacity
        caching.timeToLive = options.timeToLive
        caching.timeToLiveJitter = options.timeToLiveJitter
        caching.refreshAfter = options.refreshAfter
        caching.loadLimit = options.loadLimit
        caching.clock = options.clock
        caching.random = options.random
        let (maximumBody, vary, clock) = (options.maximumBody, vary, options.clock)
        cache = LoadingCache(
            "output", caching, weigh: { $0.weight + $1.weight }, tags: { key, _ in [key.path] },
            load: { _ in
                // Bound by `answer`, whose task begins the load.
                guard let work = OutputWork.current else { preconditionFailure("a load is begun by a request") }
                return try await RequestScope.$bound.withValue(nil) {
                    try await work.load(maximumBody: maximumBody, vary: vary, clock: clock)
                }
            })
        caching.capacity = max(1, options.capacity / 16)
        caching.refreshAfter = nil
        passed = LoadingCache("output that is not kept", caching, weigh: { key, _ in key.weight }) { _ in true }
    }

    /// What the cache has done, and holds; `weight` in bytes.
    public var statistics: CacheStatistics { cache.statistics }

    /// Forgets all answers of a path, whatever their query. One that is being made serves those who wait for it and is not
    /// kept. Looks at every answer.
    public func invalidate(path: String) { cache.invalidate(tag: OutputKey.path(of: path)) }

    /// Forgets all answers.
    public func invalidateAll() { cache.invalidateAll() }

    /// A route's handler, called for what the cache does not have.
    ///
    /// - Parameter part: By what answers differ that stands neither in the URL nor in the headers of
    ///   ``OutputCacheOptions/vary``: a tenant, a language that a middleware has chosen. A request for which it is `nil` goes
    ///   past the cache. Whose answer nobody else may have should not be cached.
    public func caching<Context: RequestContext, Output: ResponseGenerator>(
        by part: @escaping @Sendable (Request, Context) -> String? = { _, _ in "" },
        _ handler: @escaping @Sendable (Request, Context) async throws -> Output
    ) -> @Sendable (Request, Context) async throws -> Response {
        { [self] request, context in
            guard let part = part(request, context),
                let key = OutputKey(request, part: part, vary: vary, ignoresCookies: options.ignoresCookies)
            else {
                return try await handler(request, context).response(from: request, context: context)
            }
            let work = OutputWork { [vary] in
                let request = key.request(vary: vary)
                return try await handler(request, context).response(from: request, context: context)
            }
            return try await answer(request, key, work)
        }
    }

    private func answer(_ request: Request, _ key: OutputKey, _ work: OutputWork) async throws -> Response {
        if passed.peek(key) != nil { return Self.fit(try await work.run(), request) }
        do {
            let snapshot = try await OutputWork.$current.withValue(work) {
                let found = try await cache.value(for: key)
                guard found.ends <= options.clock.now else { return found }
                // Over by its own word: it alone is forgotten, not what another who has found so is having made already.
                cache.forget(key) { $0.made == found.made && $0.ends == found.ends }
                return try await cache.value(for: key)
            }
            return snapshot.response(to: request, at: options.clock.now)
        } catch let other as NotKept {
            if let snapshot = other.snapshot { return snapshot.response(to: request, at: options.clock.now) }
            passed.set(key, to: true)
            if other.work === work, let own = work.takeOwn() { return Self.fit(own, request) }
            return Self.fit(try await work.run(), request)
        }
    }

    /// What a handler has made of a GET, as an answer to HEAD if that was asked.
    private static func fit(_ response: Response, _ request: Request) -> Response {
        request.method == .head ? response.createHeadResponse() : response
    }
}
#endif
