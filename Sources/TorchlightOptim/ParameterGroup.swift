import TorchlightCore

/// The settings of one parameter group.
public protocol OptimizerOptions: Sendable, Equatable {
    /// The learning rate.
    var lr: Double { get set }
    /// The setting that schedules of the momentum move; nil where there is none.
    static var momentumPath: WritableKeyPath<Self, Double>? { get }
    /// Every setting with the name that PyTorch gives it.
    static var fields: [OptionField<Self>] { get }
    /// What is wrong with the settings, nil where nothing is.
    var problem: String? { get }
}

extension OptimizerOptions {
    /// There is no momentum.
    public static var momentumPath: WritableKeyPath<Self, Double>? { nil }

    /// Whether other settings decide the same state: the learning rate never matters, the momentum by being 0 or not.
    func needsSameState(as other: Self) -> Bool {
        var other = other
        other.lr = lr
        if let path = Self.momentumPath, (self[keyPath: path] == 0) == (other[keyPath: path] == 0) {
            other[keyPath: path] = self[keyPath: path]
        }
        return self == other
    }
}

/// One setting of an optimiser: its name and where it is kept.
public enum OptionField<Options> {
    case number(String, WritableKeyPath<Options, Double>)
    case optional(String, WritableKeyPath<Options, Double?>)
    case whole(String, WritableKeyPath<Options, Int>)
    case flag(String, WritableKeyPath<Options, Bool>)
    /// One of several names; the number is the name's place among them.
    case choice(String, WritableKeyPath<Options, Int>, [String])

    /// The name that PyTorch gives the setting.
    var name: String {
        switch self {
        case .number(let name, _), .optional(let name, _), .whole(let name, _), .flag(let name, _),
            .choice(let name, _, _):
            name
        }
    }

    /// The setting as a text that ``read(_:into:)`` reads back exactly.
    func text(_ options: Options) -> String {
        switch self {
        case .number(_, let path): "\(options[keyPath: path])"
        case .optional(_, let path): options[keyPath: path].map { "\($0)" } ?? "none"
        case .whole(_, let path): "\(options[keyPath: path])"
        case .flag(_, let path): "\(options[keyPath: path])"
        case .choice(_, let path, let names): names[options[keyPath: path]]
        }
    }

    /// Takes the setting over from its text; false where it cannot be read.
    func read(_ text: String, into options: inout Options) -> Bool {
        switch self {
        case .number(_, let path):
            guard let value = Double(text) else { return false }
            options[keyPath: path] = value
        case .optional(_, let path):
            let value = Double(text)
            guard value != nil || text == "none" else { return false }
            options[keyPath: path] = value
        case .whole(_, let path):
            guard let value = Int(text) else { return false }
            options[keyPath: path] = value
        case .flag(_, let path):
            guard let value = Bool(text) else { return false }
            options[keyPath: path] = value
        case .choice(_, let path, let names):
            guard let value = names.firstIndex(of: text) else { return false }
            options[keyPath: path] = value
        }
        return true
    }
}

/// Parameters that are trained with the same settings.
///
///     let optimizer = SGD([.init(backbone.parameters()) { $0.lr = 1e-4 }, .init(head.parameters())], lr: 0.1)
///     optimizer.groups[0].lr = 1e-5
@dynamicMemberLookup
public final class ParameterGroup<Options: OptimizerOptions> {
    /// The parameters, in order.
    public let parameters: [Tensor]
    private let configure: ((inout Options) -> Void)?
    let state = GroupState()
    var settings: Options?

    /// Parameters, and what changes for them against the settings of the optimiser.
    public init(_ parameters: [Tensor], _ configure: ((inout Options) -> Void)? = nil) {
        self.parameters = parameters
        self.configure = configure
    }

    /// The settings of this group.
    public var options: Options {
        get {
            guard let settings else { preconditionFailure("the group belongs to no optimiser yet") }
            return settings
        }
        set {
            if let problem = newValue.problem {
                reportFailure(TensorError(.value, in: "ParameterGroup", problem))
                return
            }
            if let settings, !settings.needsSameState(as: newValue) { state.invalidate() }
            settings = newValue
        }
    }

    /// One setting of this group.
    public subscript<Value>(dynamicMember path: WritableKeyPath<Options, Value>) -> Value {
        get { options[keyPath: path] }
        set { options[keyPath: path] = newValue }
    }

    func adopt(defaults: Options) -> Options {
        var options = defaults
        configure?(&options)
        return options
    }
}
