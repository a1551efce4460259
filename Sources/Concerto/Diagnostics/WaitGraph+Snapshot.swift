import ConcertoRuntime

extension WaitGraph {
    /// Who holds what and who waits for what at one moment: what ``waits`` and ``holdings`` say, for programs to read.
    public struct Snapshot: Sendable, Codable, Equatable {
        /// Who waits, longest first.
        public var waits: [Wait]
        /// Who holds something, longest first.
        public var holdings: [Holding]

        /// A task or a thread.
        public struct Party: Sendable, Codable, Equatable {
            /// The runtime's number of the task; `nil` for a thread that blocks in `runBlocking`, and where it is not known.
            public var task: UInt64?
            /// The name of the task.
            public var name: String?
            /// Where the thread blocks.
            public var place: String?
            /// In words.
            public var text: String
        }

        /// A lock, semaphore or whatever else can be waited for.
        public struct Resource: Sendable, Codable, Equatable {
            /// Tells it from all others that exist.
            public var identity: UInt64
            /// Its name, else its type and where it was created.
            public var text: String
        }

        /// A wait.
        public struct Wait: Sendable, Codable, Equatable {
            /// Who waits.
            public var party: Party
            /// For what.
            public var resource: Resource
            /// Where, as `Module/File.swift:line`; `nil` for what has no owner.
            public var place: String?
            /// For how long, in seconds.
            public var seconds: Double
            /// Whether it ends by itself.
            public var isTimed: Bool
            /// Whether somebody can be said to hold the resource.
            public var hasOwner: Bool
            /// How many units of the resource there are in all; `nil` if somebody may add some that nobody took.
            public var total: Int?
            /// What the waiting flow holds meanwhile.
            public var holds: [Holding]
        }

        /// Something that was taken by a scope (`withLock`, `withPermit`) that has not ended.
        public struct Holding: Sendable, Codable, Equatable {
            /// Who holds it.
            public var party: Party
            /// What.
            public var resource: Resource
            /// How many units; `nil` if nobody who waits gets in before this one has left.
            public var count: Int?
            /// Where it was taken, as `Module/File.swift:line`.
            public var place: String
            /// For how long, in seconds.
            public var seconds: Double
        }
    }

    /// Who waits for what and who holds what now. Empty until edges are recorded, see ``activate()``.
    public static var snapshot: Snapshot {
        let (waits, ownerless, holdings, totals) = recorded
        let now = ContinuousClock.now
        let owned = waits.map { wait in
            (
                wait.since,
                Snapshot.Wait(
                    party: Snapshot.Party(wait.party),
                    resource: Snapshot.Resource(identity: number(wait.resource), text: wait.label.description),
                    place: wait.site.description, seconds: (now - wait.since) / .seconds(1), isTimed: wait.isTimed,
                    hasOwner: true, total: totals[wait.resource]?.units,
                    holds: wait.holdings.map { Snapshot.Holding($0, at: now) })
            )
        }
        let others = ownerless.map { wait in
            (
                wait.since,
                Snapshot.Wait(
                    party: Snapshot.Party(wait.party),
                    resource: Snapshot.Resource(
                        identity: number(ObjectIdentifier(wait.resource)), text: name(of: wait.resource)),
                    seconds: (now - wait.since) / .seconds(1), isTimed: false, hasOwner: false, holds: [])
            )
        }
        return Snapshot(
            waits: (owned + others).sorted { $0.0 < $1.0 }.map(\.1),
            holdings: holdings.sorted { $0.since < $1.since }.map { Snapshot.Holding($0, at: now) })
    }

    fileprivate static func number(_ resource: ObjectIdentifier) -> UInt64 { UInt64(UInt(bitPattern: resource)) }
}

extension WaitGraph.Snapshot.Party {
    init(_ party: WaitGraph.Party) {
        text = party.description
        switch party {
        case .task(let name, let id):
            self.name = name
            task = id == 0 ? nil : id
        case .thread(let site): place = site.description
        }
    }
}

extension WaitGraph.Snapshot.Holding {
    init(_ holding: WaitGraph.Holding, at now: ContinuousClock.Instant) {
        party = WaitGraph.Snapshot.Party(holding.party)
        resource = WaitGraph.Snapshot.Resource(
            identity: WaitGraph.number(holding.resource), text: holding.label.description)
        count = holding.count
        place = holding.site.description
        seconds = (now - holding.since) / .seconds(1)
    }
}

extension WaitGraph.Snapshot.Wait: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        let place = place.map { " at \($0)" } ?? ""
        let holds = holds.map { "\($0.resource.text) from \($0.place)" }.joined(separator: ", ")
        return "\(party.text) waits for \(resource.text)\(place) for \(Duration.seconds(seconds).brief)"
            + (holds.isEmpty ? "" : ", holds \(holds)")
    }
}

extension WaitGraph.Snapshot.Holding: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        let units = count.map { $0 == 1 ? "" : "\($0) of " } ?? ""
        return "\(party.text) holds \(units)\(resource.text) from \(place) for \(Duration.seconds(seconds).brief)"
    }
}
