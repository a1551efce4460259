#if Lint
import Foundation

/// How a report is written.
public enum ReportFormat: String, Sendable, CaseIterable {
    /// `file:line:col: warning: message [rule]`, with the source line and a caret on a terminal.
    case text
    /// One JSON object.
    case json
    /// SARIF 2.1.0.
    case sarif
    /// Workflow commands that GitHub turns into annotations.
    case github
    /// JUnit's XML.
    case junit
    /// Checkstyle's XML.
    case checkstyle
    /// Code Climate's issues, which GitLab shows.
    case codeclimate

    /// Renders a report. The text is the same for the same report; it ends with a newline unless it is empty.
    public func render(_ report: Linter.Report, _ style: ReportStyle = ReportStyle()) -> String {
        switch self {
        case .text: TextReporter(style: style).render(report)
        case .json: JSONReporter.render(report)
        case .sarif: SARIFReporter.render(report)
        case .github: GitHubReporter.render(report)
        case .junit: JUnitReporter.render(report)
        case .checkstyle: CheckstyleReporter.render(report)
        case .codeclimate: CodeClimateReporter.render(report)
        }
    }

    /// Sorted keys, slashes as they are, indented.
    static func json(_ object: Any) -> String {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: object, options: options) else { return "{}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}

/// How text looks.
public struct ReportStyle: Sendable {
    /// Shows the source line with a caret below it.
    public var showsSource = false
    /// Colours severities with ANSI escapes.
    public var usesColor = false
    /// Put before relative paths: Xcode wants absolute ones.
    public var pathPrefix = ""

    /// Plain text.
    public init() {}
}
#endif
