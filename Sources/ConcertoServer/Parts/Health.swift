#if Server
import ConcertoRuntime
import Concerto
import ConcertoResources
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What probes are answered: whether the process lives, and whether it can serve.
public struct HealthOptions: Sendable {
    /// Where the process says that it lives, whatever its dependencies do; `nil` for nowhere. Default `/health/live`.
    public var livePath: String? = "/health/live"
    /// Where it says that it is ready: warmed up, not ending, and all checks well; `nil` for nowhere. Default
    /// `/health/ready`.
    public var readyPath: String? = "/health/ready"
    /// How long a check may take before it counts as failed: longer than zero, default 2 s.
    public var checkLimit = Duration.seconds(2)
    /// For how long a check's result holds: longer than zero, default 1 s. However many probe, a check runs once in that
    /// time.
    public var holdsFor = Duration.seconds(1)
    /// What has to work before requests make sense, by name. What throws, fails. A check should not wait for a connection of
    /// a busy pool: under load it would take the service away just when it is needed.
    public var checks: [String: @Sendable () async throws -> Void] = [:]
    /// What is done once, before the service is ready; see ``ServerKit/run(_:background:signals:logger:)``.
    public var warmUp: (@Sendable () async throws -> Void)?

    init() {}
}

/// Answers probes.
final class Health: Sendable {
    private let options: HealthOptions
    private let life: ServerLife
    private let results: LoadingCache<String, Bool>
    private let isWarm: Guarded<Bool>

    init(_ options: HealthOptions, life: ServerLife) {
        self.options = options
        self.life = life
        isWarm = Guarded(options.warmUp == nil)
        var cache = CacheOptions()
        cache.timeToLive = options.holdsFor
        cache.timeToLiveJitter = 0
        // A check that took too long is not run again for every probe.
        cache.errorTimeToLive = options.holdsFor
        cache.loadLimit = options.checkLimit
        cache.clock = life.clock
        let checks = options.checks
        results = LoadingCache("health checks", cache) { name in
            do {
                try await checks[name]?()
                return true
            } catch {
                return false
            }
        }
    }

    func warmUp() async throws {
        try await options.warmUp?()
        isWarm.withLock { $0 = true }
    }

    /// The answer to a probe; `nil` for other requests.
    func answer(_ request: Request) async -> Response? {
        let path = request.uri.path
        if path == options.livePath { return Self.response(request, "live", isWell: true, []) }
        guard path == options.readyPath else { return nil }
        if life.isDraining { return Self.response(request, "draining", isWell: false, []) }
        guard isWarm.withLock({ $0 }) else { return Self.response(request, "warming up", isWell: false, []) }
        let names = options.checks.keys.sorted()
        let results = await withTaskGroup(of: (String, Bool).self) { group in
            for name in names { group.addTask { (name, (try? await self.results.value(for: name)) ?? false) } }
            var results: [(String, Bool)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }
        }
        let isWell = results.allSatisfy { $0.1 }
        return Self.response(request, isWell ? "ready" : "not ready", isWell: isWell, results)
    }

    private static func response(
        _ request: Request, _ status: String, isWell: Bool, _ checks: [(String, Bool)]
    ) -> Response {
        var lines = [status]
        lines += checks.map { "\($0.0): \($0.1 ? "healthy" : "unhealthy")" }
        let response = Response(
            status: isWell ? .ok : .serviceUnavailable,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: lines.joined(separator: "\n") + "\n")))
        return request.method == .head ? response.createHeadResponse() : response
    }
}
#endif
