#if Exporters
import ConcertoExporters
import Synchronization
import Testing

/// A registry that keeps its warnings to itself.
func quietRegistry(seriesLimit: Int = 2_000) -> MetricRegistry {
    MetricRegistry(seriesLimit: seriesLimit, onWarning: { _ in })
}

extension MetricRegistry {
    func page(_ format: PrometheusFormat = .text, resource: Attributes = [:]) -> String {
        String(decoding: PrometheusPage.write(self, resource: resource, as: format), as: UTF8.self)
    }

    func lines(_ format: PrometheusFormat = .text) -> [String] {
        page(format).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
#endif
