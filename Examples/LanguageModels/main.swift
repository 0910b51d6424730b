// Programs with language models. `LanguageModels NAME ...` runs one of them, `LanguageModels` without an argument lists them.
// A model is a folder in the layout of `save_pretrained`, or a name on Hugging Face's hub: owner/name.
import Foundation
import Torchlight
import TorchlightModels

let programs: [(name: String, arguments: String, run: @Sendable ([String]) async throws -> Void)] = [
    ("annotated_transformer", "[--small]", { try annotatedTransformer(isSmall: $0.contains("--small")) }),
    ("shakespeare", "FOLDER [--small]", { try shakespeare($0[0], isSmall: $0.contains("--small")) }),
    ("generate", "MODEL PROMPT", { try await generate($0[0], $0[1]) }),
    ("chat", "MODEL", { try await chat($0[0]) }),
    ("search", "MODEL QUERY", { try search($0[0], $0[1]) }),
    ("summarize", "MODEL TEXT", { try summarize($0[0], $0[1]) }),
    ("classify_images", "MODEL LABEL ...", { try classifyImages($0[0], Array($0.dropFirst())) }),
]

let arguments = Array(CommandLine.arguments.dropFirst())
guard let name = arguments.first else {
    for program in programs { print(program.name, program.arguments) }
    exit(0)
}
let rest = Array(arguments.dropFirst())
guard let program = programs.first(where: { $0.name == name }),
    rest.count >= program.arguments.split(separator: " ").filter({ $0.first?.isUppercase == true }).count
else {
    FileHandle.standardError.write(Data("LanguageModels: no program \(arguments.joined(separator: " "))\n".utf8))
    exit(2)
}
try await program.run(rest)

/// The folder of a model, which is downloaded unless it is there.
func folder(_ model: String) throws -> String {
    FileManager.default.fileExists(atPath: model) ? model : try Hub().snapshot(model)
}
