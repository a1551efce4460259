import Concerto

func topic41() async throws {
    let channel = BoundedChannel<Int>(capacity: 4)
    let (ahead, most) = (Counter(), Counter())
    let producer = Task.run {
        for number in 1...100 {
            try await channel.write(number)
            most.raise(to: ahead.add())
        }
        try channel.complete()
    }
    var sum = 0
    for try await number in channel {
        ahead.subtract()
        sum += number
    }
    try await producer.value
    print("sum \(sum), the producer was never far ahead: \(most.value <= 6)")
}
