#if PostgreSQL
// Rows come as a stream of ConcertoStreams, and whoever loops over them names its members.
@_exported public import ConcertoStreams
#endif
