/// Called by CConcerto's constructor, before `main`, when `CONCERTO_POOL=1` is set.
@_cdecl("concerto_install_from_environment")
func installFromEnvironment() {
    let result = ThreadPool.installAsDefault()
    // An invalid configuration has been complained about.
    if case .unavailable(let reason) = result, !reason.hasPrefix("invalid") {
        Environment.complain("CONCERTO_POOL=1: \(reason)")
    }
}
