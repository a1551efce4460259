#if Exporters
@_exported public import ConcertoObservability
#endif
