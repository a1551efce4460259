#if Lint
import SwiftSyntax

/// What the linted files declare: the first pass fills it, the second reads it. Types of the same name are one:
/// that widens what excuses a finding and never what causes one.
struct SymbolTable: Sendable {
    /// How a declaration is isolated, as far as it is written down.
    enum Isolation: Sendable, Hashable {
        case none
        case globalActor(String)
        case instance
        case nonisolated
    }

    struct Parameter: Sendable {
        let label: String
        let type: String
        let isVariadic: Bool
        /// Set when the type is a function type.
        let closure: Closure?
    }

    struct Closure: Sendable {
        let isAsync: Bool
        let returnsVoid: Bool
        /// The names of its parameters' types; empty where one has none.
        var parameterTypes: [String] = []
    }

    struct Function: Sendable {
        let name: String
        let parameters: [Parameter]
        let isAsync: Bool
        let isThrowing: Bool
        /// The type behind `throws(…)`.
        var thrownType: String? = nil
        let isOverride: Bool
        let returnType: String?
        let isolation: Isolation
        /// The call by which a synchronous function parks its thread, and where.
        var parks: String? = nil

        var labels: [String] { parameters.map(\.label) }
    }

    struct TypeInfo: Sendable {
        enum Kind: Sendable {
            case classType, structType, enumType, actorType, protocolType
        }

        /// Nil while only extensions were seen.
        var kind: Kind?
        var inherits: Set<String> = []
        var functions: [String: [Function]] = [:]
        /// Types of stored and computed properties; nil where they are unknown or differ.
        var properties: [String: String?] = [:]
        var asyncProperties: Set<String> = []
        var computed: Set<String> = []
        /// Arrays of `any P`: what was configured, not what came in.
        var existentialArrays: Set<String> = []
        /// Stored, mutable properties.
        var variables: Set<String> = []
        var isolation: Isolation = .none
        /// Attributes of the declaration: one of them may name a global actor.
        var attributes: Set<String> = []
    }

    var types: [String: TypeInfo] = [:]
    var functions: [String: [Function]] = [:]
    var globals: [String: String?] = [:]

    mutating func merge(_ other: SymbolTable) {
        for (name, info) in other.types {
            guard var mine = types[name] else {
                types[name] = info
                continue
            }
            mine.kind = mine.kind ?? info.kind
            mine.inherits.formUnion(info.inherits)
            mine.functions.merge(info.functions) { $0 + $1 }
            mine.properties.merge(info.properties) { $0 == $1 ? $0 : nil }
            mine.asyncProperties.formUnion(info.asyncProperties)
            mine.computed.formUnion(info.computed)
            mine.existentialArrays.formUnion(info.existentialArrays)
            mine.variables.formUnion(info.variables)
            if mine.isolation == .none { mine.isolation = info.isolation }
            mine.attributes.formUnion(info.attributes)
            types[name] = mine
        }
        functions.merge(other.functions) { $0 + $1 }
        globals.merge(other.globals) { $0 == $1 ? $0 : nil }
    }

    func declaresType(_ name: String) -> Bool { types[name]?.kind != nil }

    /// Whether some class of the files overrides a method of this name.
    func isOverridden(_ name: String) -> Bool { overriddenNames.contains(name) }

    /// Types that are marked `@globalActor`; filled by ``finish()``.
    private(set) var globalActors: Set<String> = []

    /// Whether some function of this name parks its thread.
    func mayPark(_ name: String) -> Bool { parkingNames.contains(name) }

    /// Names of functions that park their thread; filled by ``finish()``.
    private var parkingNames: Set<String> = []

    /// Names that carry `override` somewhere; filled by ``finish()``.
    private(set) var overriddenNames: Set<String> = []

    mutating func finish() {
        // A type that is marked `@globalActor` isolates what carries its name.
        globalActors = Set(types.filter { $0.value.attributes.contains("globalActor") }.keys)
        if !globalActors.isEmpty {
            for (name, info) in types where info.isolation == .none {
                guard let actor = info.attributes.intersection(globalActors).min() else { continue }
                types[name]?.isolation = .globalActor(actor)
            }
        }
        for info in types.values {
            for (name, list) in info.functions {
                if list.contains(where: \.isOverride) { overriddenNames.insert(name) }
                if list.contains(where: { $0.parks != nil }) { parkingNames.insert(name) }
            }
        }
        for (name, list) in functions where list.contains(where: { $0.parks != nil }) { parkingNames.insert(name) }
    }

    /// Everything a type inherits and conforms to, directly or not; names the files do not declare included.
    func ancestors(of type: String) -> Set<String> {
        var found: Set<String> = []
        var open = [type]
        while let next = open.popLast() {
            for parent in types[next]?.inherits ?? [] where found.insert(parent).inserted { open.append(parent) }
        }
        return found
    }

    /// The functions a call may mean: members of the receiver's type when it is known, free functions when there is no receiver.
    func candidates(for call: Call, in file: FileContext) -> [Function] {
        let named: [Function]
        if let base = call.base {
            // `Net.resolve()` names the type itself.
            let own = base.core.identifier.flatMap { declaresType($0) ? $0 : nil }
            guard let type = own ?? file.types.typeName(of: base) else { return [] }
            named = ([type] + ancestors(of: type)).flatMap { types[$0]?.functions[call.name] ?? [] }
        } else if call.isImplicitMember {
            return []
        } else {
            var found = functions[call.name] ?? []
            if let type = file.enclosingTypeName(of: call.node) {
                found += ([type] + ancestors(of: type)).flatMap { types[$0]?.functions[call.name] ?? [] }
            }
            if let info = types[call.name] { found += info.functions["init"] ?? [] }
            named = found
        }
        let labels = call.labels
        let closures = call.closures.count
        let exact = named.filter { function in
            (function.parameters.count >= labels.count || function.parameters.contains(where: \.isVariadic))
                && labels.filter { $0 != "_" }.allSatisfy { function.labels.contains($0) }
                && function.parameters.filter { $0.closure != nil }.count >= min(closures, 1)
        }
        return exact
    }

    /// The label of the parameter that a closure without one is passed for, where the files declare it.
    func closureLabel(of call: Call, in file: FileContext) -> String? {
        let labels = candidates(for: call, in: file).compactMap { function in
            function.parameters.last { $0.closure != nil }?.label
        }
        return Set(labels).count == 1 ? labels.first : nil
    }

    /// What the files say of the parameter a closure is passed for; nil when they declare no such function.
    func closureParameter(of call: Call, label: String?, in file: FileContext) -> Closure? {
        let closures = candidates(for: call, in: file).compactMap { function -> Closure? in
            if let label, label != "_" { return function.parameters.first { $0.label == label }?.closure }
            let named = Set(call.node.additionalTrailingClosures.map { $0.label.plainText })
            let left = function.parameters.filter { $0.closure != nil && !named.contains($0.label) }
            return left.count == 1 ? left[0].closure : nil
        }
        guard let first = closures.first, closures.allSatisfy({ $0.isAsync == first.isAsync }) else { return nil }
        return Closure(
            isAsync: first.isAsync, returnsVoid: closures.allSatisfy(\.returnsVoid),
            parameterTypes: closures.allSatisfy { $0.parameterTypes == first.parameterTypes }
                ? first.parameterTypes : [])
    }
}

extension TypeSyntax {
    /// Whether the type is `[any P]`.
    var isExistentialArray: Bool {
        self.as(ArrayTypeSyntax.self)?.element.as(SomeOrAnyTypeSyntax.self)?.someOrAnySpecifier.tokenKind
            == .keyword(.any)
    }

    /// The function type behind attributes, optionals and parentheses.
    var firstFunctionType: FunctionTypeSyntax? {
        var type = self
        while true {
            if let function = type.as(FunctionTypeSyntax.self) { return function }
            if let attributed = type.as(AttributedTypeSyntax.self) {
                type = attributed.baseType
            } else if let optional = type.as(OptionalTypeSyntax.self) {
                type = optional.wrappedType
            } else if let tuple = type.as(TupleTypeSyntax.self), tuple.elements.count == 1,
                let only = tuple.elements.first
            {
                type = only.type
            } else {
                return nil
            }
        }
    }
}

/// A type's name as the table keys it: without `?`, `any`, attributes, generic arguments and module.
func plainTypeName(_ type: TypeSyntax) -> String? {
    if let optional = type.as(OptionalTypeSyntax.self) { return plainTypeName(optional.wrappedType) }
    if let optional = type.as(ImplicitlyUnwrappedOptionalTypeSyntax.self) { return plainTypeName(optional.wrappedType) }
    if let attributed = type.as(AttributedTypeSyntax.self) { return plainTypeName(attributed.baseType) }
    if let some = type.as(SomeOrAnyTypeSyntax.self) { return plainTypeName(some.constraint) }
    if let tuple = type.as(TupleTypeSyntax.self), tuple.elements.count == 1, let only = tuple.elements.first {
        return plainTypeName(only.type)
    }
    if let named = type.as(IdentifierTypeSyntax.self) { return named.name.plainText }
    if let member = type.as(MemberTypeSyntax.self) { return member.name.plainText }
    if type.is(ArrayTypeSyntax.self) { return "Array" }
    if type.is(DictionaryTypeSyntax.self) { return "Dictionary" }
    if type.is(FunctionTypeSyntax.self) { return "()->" }
    return nil
}
#endif
