// Fine-tunes a small language model on a text with a LoRA adapter, and shows what it writes before and after.
//
//     FineTuning <folder for the adapter> [<steps>]
//
// The model is trained here first, so that the example needs no file. With a published model, replace that part by
// `let model = try Llama.load("path/to/model")` and the characters by the tokenizer of the model.
import Torchlight
import TorchlightModels

let weather = ["the sun is warm.", "the moon is cold.", "the rain is wet.", "the wind is loud."]
let colours = ["the sun is yellow.", "the moon is white.", "the rain is grey.", "the wind is blue."]

let folder = CommandLine.arguments.dropFirst().first ?? "adapter"
let steps = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 60

// Tokens are characters; token 0 ends a sentence.
let alphabet = Array("\n" + Set((weather + colours).joined()).sorted())
func tokens(_ text: String) -> [Int] { text.compactMap { alphabet.firstIndex(of: $0) } }
func texts(_ sentences: [String]) -> [LabelledTokens] { sentences.map { LabelledTokens(tokens($0) + [0]) } }

func train(_ model: Llama, on sentences: [String], lr: Double) {
    // Four sentences in rows of 40 tokens: several texts in a row, without padding between them.
    let batch = PackedTexts(texts(sentences), length: 40).batch
    let optimizer = AdamW(model.parameters().filter(\.requiresGrad), lr: lr)
    model.train()
    for _ in 1...steps {
        optimizer.zeroGrad()
        model.accumulateGradients([batch])
        optimizer.step()
    }
    model.eval()
}

func loss(_ model: Llama, on sentences: [String]) -> Double {
    noGrad {
        let batch = PackedTexts(texts(sentences), length: 40).batch
        return model(batch).loss(batch.labels).item()
    }
}

func report(_ title: String, _ model: Llama) throws {
    print("\(title): loss on the new text \(Double(Int(loss(model, on: colours) * 1000)) / 1000)")
    for start in ["the sun", "the rain"] {
        var options = GenerationOptions(maxNewTokens: 14)
        options.endTokens = [0]
        let prompt = tokens(start).map { Int64($0) }
        let written = try model.generate(Tensor(prompt, shape: [1, prompt.count]), options: options)
        let text = written.toArray(Int64.self).map { String(alphabet[Int($0)]) }.joined()
        print("  \(text.prefix { $0 != "\n" })")
    }
}

manualSeed(1)
let model = try Llama(
    DecoderConfig(
        vocabularySize: alphabet.count, hiddenSize: 32, intermediateSize: 64, layerCount: 2, headCount: 4, groupCount: 2
    ))

train(model, on: weather, lr: 1e-2)
try report("before", model)

model.addLoRA(rank: 8, alpha: 16, targets: .allLinear)
print("training \(model.parameterCount(trainableOnly: true)) of \(model.parameterCount()) parameters")
train(model, on: colours, lr: 2e-2)
try report("after", model)

try model.saveAdapter(folder)
try model.withoutAdapters { try report("without the adapter", model) }
model.mergeAdapters()
try report("merged", model)
