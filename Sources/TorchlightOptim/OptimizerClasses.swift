import TorchlightCore

/// The optimiser classes that files can name.
package enum OptimizerClasses {
    /// Creates an optimiser for parameter groups, with default settings, which `load` replaces; nil for an unknown
    /// class.
    ///
    /// - Throws: `TensorError` if the class cannot train these parameters.
    package static func make(_ name: String, groups: [[Tensor]]) throws -> (any Optimizer)? {
        guard let make = makers[name] else { return nil }
        return try checked { make(groups) }
    }

    /// The names of all classes.
    package static var names: [String] { makers.keys.sorted() }

    private static let makers: [String: @Sendable ([[Tensor]]) -> any Optimizer] = [
        "ASGD": { ASGD($0.map { ParameterGroup($0) }) },
        "Adadelta": { Adadelta($0.map { ParameterGroup($0) }) },
        "Adafactor": { Adafactor($0.map { ParameterGroup($0) }) },
        "Adagrad": { Adagrad($0.map { ParameterGroup($0) }) },
        "Adam": { Adam($0.map { ParameterGroup($0) }) },
        "AdamW": { AdamW($0.map { ParameterGroup($0) }) },
        "Adamax": { Adamax($0.map { ParameterGroup($0) }) },
        "Muon": { Muon($0.map { ParameterGroup($0) }) },
        "NAdam": { NAdam($0.map { ParameterGroup($0) }) },
        "RAdam": { RAdam($0.map { ParameterGroup($0) }) },
        "RMSprop": { RMSprop($0.map { ParameterGroup($0) }) },
        "Rprop": { Rprop($0.map { ParameterGroup($0) }) },
        "SGD": { SGD($0.map { ParameterGroup($0) }, lr: 0) },
    ]
}
