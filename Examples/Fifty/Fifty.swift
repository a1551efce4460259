import Foundation

/// The programs of the pages in docs/fifty: `swift run Fifty 24`, or all of them, one after the other.
@main struct Fifty {
    static let topics: [@Sendable () async throws -> Void] = [
        topic01, topic02, topic03, topic04, topic05,
        topic06, topic07, topic08, topic09, topic10,
        topic11, topic12, topic13, topic14, topic15,
        topic16, topic17, topic18, topic19, topic20,
        topic21, topic22, topic23, topic24, topic25,
        topic26, topic27, topic28, topic29, topic30,
        topic31, topic32, topic33, topic34, topic35,
        topic36, topic37, topic38, topic39, topic40,
        topic41, topic42, topic43, topic44, topic45,
        topic46, topic47, topic48, topic49, topic50,
    ]

    static func main() async throws {
        let numbers = CommandLine.arguments.dropFirst()
        for number in numbers where !(1...topics.count).contains(Int(number) ?? 0) {
            print("There is no topic \(number): they are numbered from 1 to \(topics.count)")
            exit(64)
        }
        for (index, topic) in topics.enumerated() where numbers.isEmpty || numbers.contains("\(index + 1)") {
            if numbers.count != 1 { print("== \(index + 1)") }
            try await topic()
        }
    }
}
