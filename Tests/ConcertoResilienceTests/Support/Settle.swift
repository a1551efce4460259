/// Yields until `condition` holds: for states that other tasks are about to reach and that nothing announces.
///
/// A state that does not come in five minutes will not come: the run ends, and says where it waited.
func settle(file: StaticString = #file, line: UInt = #line, _ condition: () -> Bool) async {
    let start = ContinuousClock.now
    while !condition() {
        if ContinuousClock.now - start > .seconds(300) { fatalError("the state never came", file: file, line: line) }
        await Task.yield()
    }
}
