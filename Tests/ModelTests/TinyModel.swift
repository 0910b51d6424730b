import TestSupport
import Torchlight
import TorchlightIO
import TorchlightTokenizers
@testable import TorchlightModels

/// Small models of random parameters.
enum TinyModel {
    static let text = """
        The king sleeps in the house by the river. Who wakes the king at this hour of the night?
        The café is closed, said the friend; the night is long and the river is cold. 🙂
        """

    /// A Llama whose parameters depend on the seed alone.
    static func llama(vocabulary: Int = 40, window: Int? = nil, seed: UInt64 = 5, size: Int = 16) throws -> Llama {
        var config = DecoderConfig(
            vocabularySize: vocabulary, hiddenSize: size, intermediateSize: 24, layerCount: 2, headCount: 4,
            groupCount: 2)
        config.windows = [window, nil]
        let model = try Llama(config)
        let generator = Generator(seed: seed)
        noGrad {
            for parameter in model.parameters() { Initializers.normal_(parameter, std: 0.4, generator: generator) }
        }
        model.eval()
        return model
    }

    static func tokenizer() throws -> Tokenizer {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 300
        options.specialTokens = ["<|end|>", "<|user|>", "<|assistant|>"]
        return try Tokenizer.trainByteLevelBPE(on: [text], options: options)
    }

    private static let template =
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"

    /// A folder with a Llama, a tokenizer and a chat template.
    static func folder(seed: UInt64 = 5, window: Int? = nil) throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        let tokenizer = try tokenizer()
        let model = try llama(vocabulary: tokenizer.vocabularySize(), window: window, seed: seed)
        try model.savePretrained(folder.path)
        try tokenizer.save(folder("tokenizer.json"))
        let settings: JSON = ["chat_template": .string(template), "eos_token": "<|end|>"]
        try AtomicFile.write(settings.text(), to: folder("tokenizer_config.json"))
        return folder
    }
}
