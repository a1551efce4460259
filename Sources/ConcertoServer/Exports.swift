#if Server
@_exported public import Concerto
@_exported public import ConcertoResilience
@_exported public import ConcertoResources
#endif
