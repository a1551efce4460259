@_exported public import Concerto
