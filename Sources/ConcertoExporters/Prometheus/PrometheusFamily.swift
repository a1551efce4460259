#if Exporters
/// A metric as a page shows it.
struct PrometheusFamily {
    var name: String
    var unit: String?
    var help: String
    var kind: MetricKind
    var series: [Series]

    /// One series.
    struct Series {
        /// Names and values, by name; each name once.
        var labels: [Label]
        var value: MetricSnapshot.Value
        var exemplars: [MetricSnapshot.Exemplar]
    }

    struct Label: Hashable {
        var name: String
        var value: String
    }

    /// The names that its lines use.
    var names: [String] {
        switch kind {
        case .counter: [name, name + "_total", name + "_created"]
        case .histogram: [name, name + "_bucket", name + "_count", name + "_sum", name + "_created"]
        case .gauge, .upDownCounter: [name]
        }
    }

    /// The families of a page, by name, each once; what contradicts what came before is dropped, and said once.
    static func all(_ snapshots: [MetricSnapshot], warn: (String) -> Void) -> [PrometheusFamily] {
        var families: [PrometheusFamily] = []
        var places: [String: Int] = [:]
        var taken: [String: String] = ["target": "target", "target_info": "target"]
        let showsScopes = Set(snapshots.map(\.scope)).count > 1
        for snapshot in snapshots {
            guard let name = PrometheusName.family(snapshot) else {
                warn("the metric \"\(snapshot.name)\" has no name that Prometheus can read; it is dropped")
                continue
            }
            var family = PrometheusFamily(
                name: name, unit: PrometheusName.suffix(of: snapshot.unit), help: snapshot.help, kind: snapshot.kind,
                series: [])
            if let place = places[name], families[place].kind.type == snapshot.kind.type {
                family = families[place]
            } else if let clash = family.names.first(where: { taken[$0] != nil }) {
                warn("the metric \(snapshot.name) would use the name \(clash), as another does; it is dropped")
                continue
            }
            for point in snapshot.points {
                var attributes = point.attributes
                if showsScopes { attributes["otel.scope.name"] = .string(snapshot.scope) }
                family.series.append(
                    Series(
                        labels: labels(attributes, of: snapshot, warn: warn), value: point.value,
                        exemplars: point.exemplars))
            }
            for one in family.names { taken[one] = name }
            if let place = places[name] {
                families[place] = family
            } else {
                places[name] = families.count
                families.append(family)
            }
        }
        for place in families.indices { families[place].sortAndUnify(warn) }
        return families.sorted { $0.name < $1.name }
    }

    /// The labels of a set of attributes. Of two keys that become one label, both values are kept.
    static func labels(
        _ attributes: Attributes, of snapshot: MetricSnapshot? = nil, warn: (String) -> Void
    ) -> [Label] {
        var labels: [Label] = []
        labels.reserveCapacity(attributes.count)
        for entry in attributes.entries {
            guard var name = PrometheusName.label(entry.key) else {
                warn("the attribute \"\(entry.key)\" has no name that Prometheus can read; it is dropped")
                continue
            }
            if name == "le", let snapshot, snapshot.kind == .histogram {
                warn("the attribute le of the histogram \(snapshot.name) is written as exported_le")
                name = "exported_le"
            }
            let value = entry.value.description
            if let place = labels.firstIndex(where: { $0.name == name }) {
                labels[place].value += ";" + value
            } else {
                labels.append(Label(name: name, value: value))
            }
        }
        return labels.sorted { $0.name < $1.name }
    }

    private mutating func sortAndUnify(_ warn: (String) -> Void) {
        var seen: Set<[Label]> = []
        let count = series.count
        series.removeAll { !seen.insert($0.labels).inserted }
        if series.count < count {
            warn("the metric \(name) has two series with the same labels; the later one is dropped")
        }
    }
}

extension MetricKind {
    /// The word for it on a page.
    var type: String {
        switch self {
        case .counter: "counter"
        case .gauge, .upDownCounter: "gauge"
        case .histogram: "histogram"
        }
    }
}
#endif
