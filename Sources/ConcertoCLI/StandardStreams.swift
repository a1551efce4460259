#if CLI
import Foundation

/// Standard input, output and error, which a caller may have closed.
enum StandardStreams {
    /// Puts something in the place of those that are closed.
    ///
    /// The first file that is opened would else take the number, and be read as rows or written over with results. What is
    /// put there can't be used either way, so that whoever uses it hears of it.
    static func claim() {
        for (number, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(number, F_GETFD) < 0 {
            let opened = open("/dev/null", mode)
            if opened >= 0, opened != number {
                dup2(opened, number)
                close(opened)
            }
        }
    }
}
#endif
