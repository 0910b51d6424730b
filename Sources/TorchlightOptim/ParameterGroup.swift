import TorchlightCore

/// The settings of one parameter group.
public protocol OptimizerOptions: Sendable, Equatable {
    /// The learning rate.
    var lr: Double { get set }
    /// The setting that schedulers of the momentum change; nil if there is none.
    static var momentumPath: WritableKeyPath<Self, Double>? { get }
    /// Every setting with PyTorch's name for it.
    static var fields: [OptionField<Self>] { get }
    /// The error text for the first setting that is out of range; nil if every setting is valid.
    var problem: String? { get }
}

extension OptimizerOptions {
    /// The setting that schedulers of the momentum change; nil by default.
    public static var momentumPath: WritableKeyPath<Self, Double>? { nil }

    /// Whether other settings need the same state tensors. The learning rate has no effect on them; the momentum only
    /// by being 0 or not.
    func needsSameState(as other: Self) -> Bool {
        var other = other
        other.lr = lr
        if let path = Self.momentumPath, (self[keyPath: path] == 0) == (other[keyPath: path] == 0) {
            other[keyPath: path] = self[keyPath: path]
        }
        return self == other
    }
}

/// One setting of an optimiser: its name, its type and the property that stores it.
public enum OptionField<Options> {
    case number(String, WritableKeyPath<Options, Double>)
    case optional(String, WritableKeyPath<Options, Double?>)
    case whole(String, WritableKeyPath<Options, Int>)
    case flag(String, WritableKeyPath<Options, Bool>)
    /// One of several named values; the property is the index of the name.
    case choice(String, WritableKeyPath<Options, Int>, [String])

    /// PyTorch's name for the setting.
    var name: String {
        switch self {
        case .number(let name, _), .optional(let name, _), .whole(let name, _), .flag(let name, _),
            .choice(let name, _, _):
            name
        }
    }

    /// The value as a string, which ``read(_:into:)`` reads back exactly.
    func text(_ options: Options) -> String {
        switch self {
        case .number(_, let path): "\(options[keyPath: path])"
        case .optional(_, let path): options[keyPath: path].map { "\($0)" } ?? "none"
        case .whole(_, let path): "\(options[keyPath: path])"
        case .flag(_, let path): "\(options[keyPath: path])"
        case .choice(_, let path, let names): names[options[keyPath: path]]
        }
    }

    /// Sets the property from a string; returns false if the string is not a value of this setting.
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

/// Parameters that an optimiser trains with the same settings.
///
///     let optimizer = SGD([.init(backbone.parameters()) { $0.lr = 1e-4 }, .init(head.parameters())], lr: 0.1)
///     optimizer.groups[0].lr = 1e-5
@dynamicMemberLookup
public final class ParameterGroup<Options: OptimizerOptions> {
    /// The parameters of the group, in order.
    public let parameters: [Tensor]
    private let configure: ((inout Options) -> Void)?
    let state = GroupState()
    var settings: Options?

    /// Creates a group of parameters.
    ///
    /// - Parameters:
    ///   - parameters: the parameters, which must be leaves.
    ///   - configure: changes the settings of this group, which are initially those of the optimiser. Default: no
    ///     changes.
    public init(_ parameters: [Tensor], _ configure: ((inout Options) -> Void)? = nil) {
        self.parameters = parameters
        self.configure = configure
        activeRecorder?.made(object: self)
    }

    /// The settings of this group. A setting that is out of range is an error.
    public var options: Options {
        get {
            guard let settings else { preconditionFailure("the parameter group belongs to no optimiser yet") }
            return settings
        }
        set {
            if let problem = newValue.problem {
                reportFailure(TensorError(.value, in: "ParameterGroup", problem))
                return
            }
            if let recorder = activeRecorder, !recorder.hasMade(self) {
                return recorder.hostWrite("the settings of an optimiser, such as its learning rates", nil)
            }
            if let settings, !settings.needsSameState(as: newValue) { state.invalidate() }
            settings = newValue
        }
    }

    /// Gets or sets one setting of this group: `optimizer.groups[0].lr`.
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
