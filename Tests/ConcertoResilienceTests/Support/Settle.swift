import TestSupport

/// Yields until `condition` holds: for states that other tasks are about to reach and that nothing announces.
func settle(file: StaticString = #file, line: UInt = #line, _ condition: () -> Bool) async {
    await until(file: file, line: line, condition)
}
