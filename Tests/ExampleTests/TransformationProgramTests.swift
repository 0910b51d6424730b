import TestSupport
import Testing

/// The programs of Examples/Transformations at a small size, each against what is known of its answer.
@Suite("Programs with function transformations")
struct TransformationProgramTests {
    /// What a program prints: the start of a line, and the range of the number at its end.
    static let results: [(name: String, lines: [(start: String, range: ClosedRange<Double>)])] = [
        (
            "neural_ode",
            [
                // Both solve with steps of order 4; the adjoint solves an equation of its own.
                ("relative difference of the adjoint gradient", 0...1e-4),
                // The radius of the rotation is 1.
                ("largest distance from the solution", 0...0.2),
            ]
        ),
        (
            "differentiable_physics",
            [
                ("error of the parameters", 0...1e-8), ("distance from the target", 0...1e-8),
                ("error of the velocity without drag", 0...1e-8),
            ]
        ),
        // Without adaptation the least loss is 4.25.
        ("maml", [("loss after one step, untrained", 3...10), ("loss after one step, trained", 0...2.5)]),
        (
            "private_training",
            [
                ("largest difference from the gradients of a loop", 0...1e-5),
                ("largest norm after cutting", 0...1.00001),
                // Chance gives a tenth.
                ("accuracy", 0.75...1),
            ]
        ),
        ("hessian_free", [("difference from the step of the Hessian", 0...1e-9), ("norm of the gradient", 0...1e-9)]),
    ]

    @Test("Each gives the known answer", arguments: results.map(\.name))
    func known(_ name: String) throws {
        let lines = try #require(Self.results.first { $0.name == name }).lines
        let output = try run(program("Transformations"), [name, "--small"], in: "/tmp")
        let printed = output.split(separator: "\n").map(String.init)
        for (start, range) in lines {
            let line = try #require(printed.last { $0.hasPrefix(start) }, "\(start): \(output)")
            let value = try #require(line.split(separator: " ").last.flatMap { Double($0) }, "\(output)")
            #expect(range.contains(value), "\(start): \(output)")
        }
    }

    @Test("Each is listed")
    func isComplete() throws {
        let names = try run(program("Transformations"), in: "/tmp").split(separator: "\n").map(String.init)
        #expect(names == Self.results.map(\.name))
    }
}
