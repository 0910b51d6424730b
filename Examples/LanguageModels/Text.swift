// Text from a model: continued, in a chat, searched by meaning, and summarised.
import Foundation
import Torchlight
import TorchlightModels

/// Continues a text, and prints each piece as soon as it is certain.
func generate(_ model: String, _ prompt: String) async throws {
    let generator = try TextGenerator.load(folder(model))
    generator.options.temperature = 0.8
    generator.options.topP = 0.95
    generator.options.generator = Generator(seed: 1)
    for try await piece in generator(prompt, maxNewTokens: 40) { print(piece, terminator: "") }
    print()
}

/// Answers each line of standard input.
func chat(_ model: String) async throws {
    let chat = Chat(try TextGenerator.load(folder(model)))
    while let line = readLine() {
        for try await piece in chat(line, maxNewTokens: 200) { print(piece, terminator: "") }
        print()
    }
}

/// Prints the sentences that are closest to a query in meaning.
func search(_ model: String, _ query: String) throws {
    let sentences = [
        "The king sleeps.", "A dog runs across the field.", "The door of the house is open.", "It rains all night.",
        "Bread is baked in the morning.", "The ship leaves the harbour.",
    ]
    let embedder = try TextEmbedder.load(folder(model))
    let vectors = try embedder(sentences)
    for (index, similarity) in TextEmbedder.nearest(to: try embedder(query), among: vectors, count: 3) {
        print(String(format: "%.4f", similarity), sentences[index])
    }
}

/// Summarises a text with T5.
func summarize(_ model: String, _ text: String) throws {
    let generator = try TextGenerator.load(folder(model))
    generator.options.beamCount = 4
    generator.options.noRepeatNgramSize = 3
    let summary = try generator.generate("summarize: " + text, maxNewTokens: 60)
    print(summary.text)
    print("tokens \(summary.sequence.tokens.count)")
}

/// Assigns images to classes with CLIP. The images are random numbers here; those of a program are read and normalised with the
/// mean and the standard deviation in `preprocessor_config.json`.
func classifyImages(_ model: String, _ labels: [String]) throws {
    let classifier = try ZeroShotImageClassifier.load(folder(model))
    manualSeed(3)
    let images = Tensor.randn([2, 3] + classifier.model.imageSize)
    for (index, classes) in try classifier(images, labels: labels).enumerated() {
        let list = classes.map { "\($0.label) \(String(format: "%.4f", $0.score))" }
        print("image \(index): \(list.joined(separator: ", "))")
    }
}
