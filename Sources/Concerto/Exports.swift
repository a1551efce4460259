@_exported public import ConcertoRuntime
