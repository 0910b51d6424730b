// Programs that use function transformations. `Transformations neural_ode` runs one of them, with `--small` at a size that
// takes seconds; `Transformations` without an argument lists them. The last line of each is a name and a number.
import Foundation

let programs: [(name: String, run: (Bool) -> Void)] = [
    ("neural_ode", neuralODE),
    ("differentiable_physics", differentiablePhysics),
    ("maml", maml),
    ("private_training", privateTraining),
    ("hessian_free", hessianFree),
]

let arguments = CommandLine.arguments.dropFirst()
guard let name = arguments.first else {
    for program in programs { print(program.name) }
    exit(0)
}
guard let program = programs.first(where: { $0.name == name }) else {
    FileHandle.standardError.write(Data("Transformations: there is no program \(name)\n".utf8))
    exit(2)
}
program.run(arguments.contains("--small"))
