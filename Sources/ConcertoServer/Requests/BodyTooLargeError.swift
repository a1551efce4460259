#if Server
/// A body has become longer than the server takes.
struct BodyTooLargeError: Error {}
#endif
