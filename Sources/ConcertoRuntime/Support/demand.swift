/// Ends the process with `message` unless `condition` holds, in release builds too, where `precondition` ends it without
/// a word: a count that comes from a configuration is wrong in production first.
@inlinable @inline(__always)
package func demand(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    guard !condition else { return }
    fatalError(message(), file: file, line: line)
}
