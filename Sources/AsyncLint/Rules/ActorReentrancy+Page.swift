#if Lint
extension ActorReentrancy {
    static let page = RulePage(
        id: "actor-reentrancy-check-then-act",
        summary: "An actor checks its state, awaits, and acts on what it saw before.",
        severity: .warning,
        why: """
            While a method of an actor awaits, other calls of the same actor run. A cache that looks, loads and stores loads the same \
            thing as often as it is asked meanwhile; a balance that is checked before `await` may be gone after it.
            """,
        instead: "Store the task before awaiting it, or look again behind `await`.",
        limits: """
            Statement by statement within one method: a stored variable is read in a condition, something is awaited, and the same \
            variable is written without being read again.
            """,
        reported: [
            .init(
                "read, await and write in one expression",
                """
                actor Totals {
                    var sum = 0
                    func add(_ id: Int) async { ↓sum = sum + (await price(id)) }
                }
                """),
            .init(
                "read as an argument of what is awaited",
                """
                actor Store {
                    var state = State()
                    func send(_ a: Action) async { ↓state = await reduce(state, a) }
                }
                """),
            .init(
                "several values that one check saw are one finding",
                """
                actor Decoder {
                    var h: Int?
                    var c: Int?
                    func step() async {
                        guard let a = h, let b = c else { return }
                        let next = await predict(a, b)
                        ↓h = next.0
                        c = next.1
                    }
                }
                """),
            .init(
                "takes the first",
                """
                actor Q {
                    var jobs: [Int] = []
                    func next() async -> Int? {
                        guard !jobs.isEmpty else { return nil }
                        await prepare()
                        return ↓jobs.removeFirst()
                    }
                }
                """),
            .init(
                "a set of those seen",
                """
                actor Seen {
                    var ids: Set<Int> = []
                    func once(_ id: Int) async {
                        if ids.contains(id) { return }
                        await notify(id)
                        ↓ids.insert(id)
                    }
                }
                """),
            .init(
                "a lost update",
                """
                actor Counter {
                    var n = 0
                    func bump() async {
                        let old = n
                        await audit(old)
                        ↓n = old + 1
                    }
                }
                """),
            .init(
                "in the other branch",
                """
                actor A {
                    var v: Int?
                    func get() async -> Int {
                        if let v { return v } else {
                            let n = await load(1)
                            ↓v = n
                            return n
                        }
                    }
                }
                """),
            .init(
                "in one branch",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if d[k] == nil { ↓d[k] = await load(k) }
                        return d[k]!
                    }
                }
                """),
            .init(
                "a cache",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        ↓d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "a balance",
                """
                actor Account {
                    var balance = 0
                    func draw(_ n: Int) async {
                        guard balance >= n else { return }
                        await confirm()
                        ↓balance -= n
                    }
                }
                """),
            .init(
                "a flag",
                """
                actor A {
                    var started = false
                    func start() async {
                        if started { return }
                        await open()
                        ↓started = true
                    }
                }
                """),
            .init(
                "through self",
                """
                actor A {
                    var started = false
                    func start() async {
                        guard !self.started else { return }
                        await open()
                        ↓self.started = true
                    }
                }
                """),
            .init(
                "an optional",
                """
                actor A {
                    var c: Conn?
                    func get() async -> Conn {
                        if let c { return c }
                        let n = await connect()
                        ↓c = n
                        return n
                    }
                }
                """),
            .init(
                "in an extension",
                """
                actor A { var c: Conn? }
                extension A {
                    func get() async {
                        guard c == nil else { return }
                        ↓c = await connect()
                    }
                }
                """),
        ],
        clean: [
            .init(
                "whoever comes next finds the work under way",
                """
                actor Feed {
                    var cached: Page?
                    var loading: Task<Page, Never>?
                    func get() async -> Page {
                        if let cached { return cached }
                        if let loading { return await loading.value }
                        let task = Task { await fetch() }
                        loading = task
                        let page = await task.value
                        cached = page
                        loading = nil
                        return page
                    }
                }
                """),
            .init(
                "awaited first, read then",
                """
                actor Totals {
                    var sum = 0
                    func add(_ id: Int) async {
                        let p = await price(id)
                        sum = sum + p
                    }
                    func more(_ id: Int) async { sum = await price(id) + sum }
                }
                """),
            .init(
                "added in place",
                "actor Totals { var sum = 0; func add(_ id: Int) async { sum += await price(id) } }"),
            .init(
                "the branch that awaits leaves",
                """
                actor Slots {
                    var slots: [Int: Int] = [:]
                    func put(_ key: Int, _ v: Int) async {
                        guard let old = slots[key] else { return }
                        if old == 0 {
                            await publish(v)
                            return
                        }
                        slots[key] = v
                    }
                }
                """),
            .init(
                "takes it away",
                """
                actor A {
                    var t: Token?
                    func close() async {
                        guard let t else { return }
                        await t.end()
                        self.t = nil
                    }
                }
                """),
            .init(
                "only notes what it sees",
                """
                actor A {
                    var state = 0
                    func begin() async {
                        if state != 0 { logger.warning("again") }
                        await boot()
                        state = 1
                    }
                }
                """),
            .init(
                "looks at something else again",
                """
                actor A {
                    var d: [Int: Int] = [:]
                    var removed: Set<Int> = []
                    func scan(_ k: Int) async {
                        guard d[k] == nil else { return }
                        let v = await load(k)
                        guard !removed.contains(k) else { return }
                        d[k] = v
                    }
                }
                """),
            .init(
                "counts calls",
                """
                actor A {
                    var n = 0
                    func f() async {
                        let before = n
                        await work()
                        print(before)
                        n += 1
                    }
                }
                """),
            .init(
                "a table of tasks",
                """
                actor Cache {
                    var d: [Int: Task<Int, Never>] = [:]
                    func get(_ k: Int) async -> Int {
                        if let t = d[k] { return await t.value }
                        let t = Task { await load(k) }
                        d[k] = t
                        return await t.value
                    }
                }
                """),
            .init(
                "sets before it awaits",
                """
                actor A {
                    var started = false
                    func start() async {
                        if started { return }
                        started = true
                        await open()
                    }
                }
                """),
            .init(
                "looks again",
                """
                actor Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        if let w = d[k] { return w }
                        d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "no actor",
                """
                final class Cache {
                    var d: [Int: Int] = [:]
                    func get(_ k: Int) async -> Int {
                        if let v = d[k] { return v }
                        let v = await load(k)
                        d[k] = v
                        return v
                    }
                }
                """),
            .init(
                "another variable",
                """
                actor A {
                    var a = 0, b = 0
                    func f() async {
                        guard a == 0 else { return }
                        await work()
                        b = 1
                    }
                }
                """),
            .init(
                "a local",
                """
                actor A {
                    func f() async {
                        var n = 0
                        if n == 0 { log(n) }
                        await work()
                        n = 1
                        log(n)
                    }
                }
                """),
            .init(
                "a constant",
                """
                actor A {
                    let limit = 3
                    func f(_ n: Int) async {
                        guard n < limit else { return }
                        await work()
                    }
                }
                """),
        ])

    static let parts = [globalActor]
}
#endif
