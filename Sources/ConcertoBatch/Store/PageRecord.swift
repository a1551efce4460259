#if Batch
/// A page of a row that has been read: what the store keeps of it, so that a resumed run goes on behind it.
struct PageRecord: Sendable {
    var key: String
    /// 1 for the first page.
    var number: Int
    /// The URL of the page behind it.
    var next: String
    /// The items of the page, one behind the other with commas between.
    var items: [UInt8]
}
#endif
