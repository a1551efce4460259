/// Yields until `condition` holds: for states that other tasks are about to reach and that nothing announces.
func settle(_ condition: () -> Bool) async {
    while !condition() { await Task.yield() }
}
