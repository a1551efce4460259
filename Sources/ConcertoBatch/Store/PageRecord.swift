#if Batch
/// A page of a row that has been read: what the store keeps of it, so that a resumed run goes on behind it.
///
/// Of a row with steps it is the step that comes next: its number, its URL, and what it needs of the answer before it.
struct PageRecord: Sendable {
    var key: String
    /// 1 for the first page.
    var number: Int
    /// The URL of the page behind it.
    var next: String
    /// The items of the page, one behind the other with commas between.
    var items: [UInt8]

    /// The same as text.
    var text: String { String(decoding: items, as: UTF8.self) }
}
#endif
