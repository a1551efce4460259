#if Observability
@_exported public import Concerto
#endif
