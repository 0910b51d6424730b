// Well-known programs of PyTorch, written with Torchlight. `Ports mnist` runs one of them, `Ports mnist --small` at a size
// that takes seconds, `Ports` without an argument lists them.
import Foundation

let ports: [(name: String, run: (Scale) throws -> Void)] = [
    ("mnist", mnist),
    ("vae", vae),
    ("word_language_model", wordLanguageModel),
    ("dcgan", dcgan),
    ("reinforce", reinforce),
    ("time_sequence_prediction", timeSequencePrediction),
    ("super_resolution", superResolution),
    ("siamese_network", siameseNetwork),
    ("regression", regression),
    ("char_gpt", charGPT),
]

let arguments = CommandLine.arguments.dropFirst()
guard let name = arguments.first else {
    for port in ports { print(port.name) }
    exit(0)
}
guard let port = ports.first(where: { $0.name == name }) else {
    FileHandle.standardError.write(Data("Ports: there is no program \(name)\n".utf8))
    exit(2)
}
try port.run(arguments.contains("--small") ? .small : .full)
