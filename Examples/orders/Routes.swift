#if CLI
import ConcertoServer
import ConcertoStreams
import Foundation
import Hummingbird

/// What a client sends.
private struct NewOrder: Decodable {
    var customer: Int
    var item: String
}

extension Order: ResponseEncodable {}

extension Orders {
    static func addRoutes(
        to router: Router<BasicRequestContext>, _ database: Database, _ customers: Customers
    ) {
        router.post("orders") { request, context in
            let new = try await request.decode(as: NewOrder.self, context: context)
            // Once for all who ask at a time; when the client goes, or its time is up, this ends.
            let name = try await customers.names.value(for: new.customer)
            let order = try await database.add(customer: new.customer, name: name, item: new.item)
            return EditedResponse(
                status: .created, headers: [.location: "/orders/\(order.id)"], response: order)
        }
        router.get("orders/{id}") { _, context in
            let id = try context.parameters.require("id", as: Int.self)
            let found = try await database.orders(from: id, limit: 1).first
            guard let found, found.id == id else { throw Problem(.notFound, detail: "There is no order \(id).") }
            return found
        }
        // A hundred at a time: nothing holds a connection while the client reads.
        router.get("export") { _, _ in
            Response.ndjson(
                AsyncGenerator<Order> { yield in
                    var first = 1
                    while true {
                        let page = try await database.orders(from: first, limit: 100)
                        for order in page { try await yield(order) }
                        guard let last = page.last else { return }
                        first = last.id + 1
                    }
                })
        }
    }
}
#endif
