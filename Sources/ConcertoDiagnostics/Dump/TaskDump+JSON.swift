import Concerto

extension TaskDump {
    /// The dump for programs: lines of JSON (an object each), each with a `type`: one `dump`, then the `cycle`s, `queue`s,
    /// `thread`s, `hold`s and `wait`s of locks, `group`s and, if asked for, `task`s with their stacks. Later versions may
    /// add keys and types.
    ///
    /// - Parameter listsTasks: Whether every task gets its line.
    public func jsonLines(listsTasks: Bool = true) -> String {
        var lines = [header]
        lines += cycles.map { cycle in
            JSONObject("cycle") {
                $0["tasks"] = .array(
                    cycle.members.map { member in
                        .object(
                            JSONObject {
                                $0.name(member.task, member.name); $0["reason"] = .string(member.reason)
                            })
                    })
                $0["behind"] = .number(cycle.waitingBehind)
            }
        }
        lines += queues.map { queue in
            JSONObject("queue") {
                $0["executor"] = queue.executor.map(JSONValue.string)
                $0["identity"] = queue.identity == 0 ? nil : .string("0x" + String(queue.identity, radix: 16))
                $0["count"] = .number(queue.count)
                $0["first"] = .ids(queue.firstTasks)
            }
        }
        lines += threads.map { thread in
            JSONObject("thread") {
                $0["id"] = .number(Int(thread.id))
                $0["name"] = .string(thread.name)
                $0["main"] = .bool(thread.isMain)
                $0["task"] = thread.task.map(JSONValue.id)
                $0["functions"] = .strings(thread.functions)
            }
        }
        lines += lockLines
        lines += groups.map { group in
            JSONObject("group") {
                $0["state"] = .string(group.state.rawValue)
                $0["wait"] = .string(group.wait)
                $0["count"] = .number(group.count)
                $0["cancelled"] = .number(group.cancelled)
                $0["functions"] = .strings(group.functions)
                $0["names"] = .strings(group.names)
                $0["first"] = .ids(group.firstTasks)
            }
        }
        if listsTasks { lines += tasks.map(line(of:)) }
        return lines.map { $0.text + "\n" }.joined()
    }

    private var header: JSONObject {
        JSONObject("dump") {
            $0["time"] = .string(Self.time(takenAt))
            $0["pid"] = .number(Int(process.id))
            $0["executable"] = .string(process.executable)
            $0["tasks"] = .number(tasks.count)
            $0["dropped"] = .number(Int(cost.dropped))
            $0["moving"] = .number(Int(cost.moving))
            $0["milliseconds"] = .number(Int((cost.seconds * 1_000).rounded(.up)))
            $0["notes"] = .strings(notes)
        }
    }

    private var lockLines: [JSONObject] {
        guard let waitGraph else { return [] }
        return waitGraph.holdings.map { holding in
            JSONObject("hold") {
                $0["by"] = .string(holding.party.text)
                $0["task"] = holding.party.task.map(JSONValue.id)
                $0["resource"] = .string(holding.resource.text)
                $0["count"] = holding.count.map(JSONValue.number)
                $0["place"] = .string(holding.place)
                $0["milliseconds"] = .number(Int(holding.seconds * 1_000))
            }
        }
            + waitGraph.waits.map { wait in
                JSONObject("wait") {
                    $0["by"] = .string(wait.party.text)
                    $0["task"] = wait.party.task.map(JSONValue.id)
                    $0["resource"] = .string(wait.resource.text)
                    $0["place"] = wait.place.map(JSONValue.string)
                    $0["milliseconds"] = .number(Int(wait.seconds * 1_000))
                }
            }
    }

    private func line(of task: Entry) -> JSONObject {
        JSONObject("task") {
            $0.name(task.id, task.name)
            $0["state"] = .string(task.state.rawValue)
            $0["cancelled"] = task.isCancelled ? .bool(true) : nil
            $0["priority"] = .number(Int(task.priority))
            $0["parent"] = task.parent.map(JSONValue.id)
            $0["waits_for"] = task.wait.map { .string($0.kind.rawValue) }
            $0["waits_for_task"] = task.wait?.task.map(JSONValue.id)
            $0["executor"] = task.wait?.executor.map(JSONValue.string)
            $0["functions"] = task.stack.map { .strings(stacks[$0].functions) }
        }
    }
}

extension JSONObject {
    fileprivate mutating func name(_ id: UInt64, _ name: String?) {
        self["id"] = .id(id)
        self["name"] = name.map(JSONValue.string)
    }
}
