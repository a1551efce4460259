#if Batch
import ConcertoHTTP
import Foundation
import NIOHTTP1

/// One row's way from page to page.
struct PageWalk {
    struct Problem: Error { var message: String }

    private let paging: Paging
    private let limit: Int
    private(set) var pages = 0
    /// The items of all pages, with commas between.
    private var items: [UInt8] = []
    private var seen: Set<String> = []
    /// Whether the last page told of another one, and there was to be none.
    private(set) var isCut = false
    /// The URL of the page that comes next, if an earlier run has read some.
    private(set) var next: String?

    /// - Parameters:
    ///   - limit: Bytes of items that are put together.
    ///   - records: Pages that an earlier run has read, in order.
    init(_ paging: Paging, limit: Int, after records: [PageRecord] = []) {
        (self.paging, self.limit) = (paging, limit)
        // One that was not kept, in the middle, and those behind it are read again.
        for record in records {
            guard record.number == pages + 1 else { break }
            pages += 1
            append(record.items)
            seen.insert(record.next)
            next = record.next
        }
    }

    /// Bytes of items that are held.
    var size: Int { items.count }

    /// All items, as a list, and how many pages they stood on.
    var result: (items: [UInt8], count: Int, isCut: Bool) {
        ([UInt8(ascii: "[")] + items + [UInt8(ascii: "]")], pages, isCut)
    }

    /// Takes a page in.
    ///
    /// - Returns: What is to be kept of it, with the URL of the next one; `nil` at the last.
    mutating func take(_ reply: HTTPReply, from url: String, of key: String) throws(Problem) -> PageRecord? {
        pages += 1
        // In the list of all pages it stands a level deeper, and has to be readable there.
        guard let body = ResultEncoder.json(reply, depth: 1) else {
            throw Problem(
                message:
                    "page \(pages) is no JSON, or nested deeper than \(JSONScanner.maximumDepth - 1) levels, so that no "
                    + "next page can be found in it")
        }
        var page = body
        if let path = paging.items {
            let list = path.value(in: body)
            page = list?.text == "null" ? [] : list?.bytes ?? []
            if page.first == UInt8(ascii: "[") { page = Array(page.dropFirst().dropLast()) }
        }
        append(page)
        guard items.count <= limit else {
            throw Problem(message: "its pages are longer together than --max-body allows (\(limit) bytes); raise it")
        }
        if pages == 1 { seen.insert(url) }
        guard let next = try next(in: body, reply, from: url, isEmpty: page.isEmpty) else { return nil }
        guard pages < paging.maximum else {
            isCut = true
            return nil
        }
        guard seen.insert(next).inserted else {
            throw Problem(
                message: "page \(pages) tells of a next page that has been read already; the pages go round in a circle"
            )
        }
        return PageRecord(key: key, number: pages, next: next, items: page)
    }

    private mutating func append(_ page: [UInt8]) {
        if !items.isEmpty, !page.isEmpty { items.append(UInt8(ascii: ",")) }
        items += page
    }

    private func next(
        in body: [UInt8], _ reply: HTTPReply, from url: String, isEmpty: Bool
    ) throws(Problem) -> String? {
        let told: String
        switch paging.next {
        case .url(let path):
            guard let value = path.value(in: body), !["null", "false", "\"\""].contains(value.text) else { return nil }
            guard let text = value.stringValue else {
                throw Problem(
                    message: "where page \(pages) should tell of a next page stands no text; let --next lead to the URL"
                )
            }
            told = text
        case .link:
            guard let link = Self.link(reply.headers["link"]) else { return nil }
            told = link
        case .parameter(let name, let path):
            guard let value = path.value(in: body), !["null", "false", "\"\""].contains(value.text) else { return nil }
            return Self.setting(name, to: value.stringValue ?? value.text, in: url)
        case .offset(let name, let step):
            if isEmpty { return nil }
            guard let value = Self.value(of: name, in: url), let number = Int(value) else {
                throw Problem(
                    message: "its URL has no number as parameter '\(name)' to count from, as --next-offset wants")
            }
            let (next, overflows) = number.addingReportingOverflow(step)
            guard !overflows else {
                throw Problem(message: "its URL's parameter '\(name)' is too large to count on from")
            }
            return Self.setting(name, to: String(next), in: url)
        }
        guard let base = URL(string: url),
            let target = URL(string: told, relativeTo: base)?.absoluteString, let address = try? HTTPAddress(target),
            let origin = try? HTTPAddress(url)
        else { throw Problem(message: "page \(pages) tells of a next page by what is no URL") }
        // What is secret goes nowhere else.
        guard address.site.lowercased() == origin.site.lowercased() else {
            throw Problem(
                message:
                    "page \(pages) tells of a next page at another host or port (\(address.host)), which gets no calls")
        }
        return address.url
    }

    /// The URL of a `Link` header's `rel="next"`.
    private static func link(_ headers: [String]) -> String? {
        for link in headers.flatMap({ $0.split(separator: "<").map(String.init) }) {
            guard let end = link.firstIndex(of: ">") else { continue }
            let parameters = link[link.index(after: end)...].lowercased().split(whereSeparator: { ";,".contains($0) })
            let isNext = parameters.contains { parameter in
                let parts = parameter.split(separator: "=", maxSplits: 1).map {
                    $0.trimmingCharacters(in: .whitespaces)
                }
                guard parts.count == 2, parts[0] == "rel" else { return false }
                return parts[1].trimmingCharacters(in: .init(charactersIn: "\"")).split(separator: " ").contains("next")
            }
            if isNext { return String(link[..<end]) }
        }
        return nil
    }

    private static func pairs(of url: String) -> (base: Substring, pairs: [Substring]) {
        let base = url.prefix { $0 != "?" }
        return (base, url.dropFirst(base.count + 1).split(separator: "&"))
    }

    private static func value(of name: String, in url: String) -> String? {
        pairs(of: url).pairs.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    private static func setting(_ name: String, to value: String, in url: String) -> String {
        let (base, pairs) = pairs(of: url)
        let encoded = "\(name)=\(String(decoding: percentEncoded(value), as: UTF8.self))"
        let others = pairs.filter { !$0.hasPrefix(name + "=") }.map(String.init)
        return base + "?" + (others + [encoded]).joined(separator: "&")
    }
}
#endif
