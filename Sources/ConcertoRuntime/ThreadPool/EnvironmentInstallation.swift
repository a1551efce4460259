/// Called by CConcerto's constructor, before `main`, when `CONCERTO_POOL=1` is set.
@_cdecl("concerto_install_from_environment")
func installFromEnvironment() {
    let result = ThreadPool.installAsDefault()
    guard case .unavailable(let reason) = result else { return }
    // An invalid configuration has been complained about.
    if (try? ThreadPool.Configuration().overridden(by: Environment.all)) != nil {
        Environment.complain("CONCERTO_POOL=1: \(reason)")
    }
}
