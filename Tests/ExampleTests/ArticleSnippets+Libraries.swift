// The code of articles on audio, tokenizers, sparse tensors, ONNX, pretrained models, fine-tuning, transformations and compile,
// as ArticleSnippets.swift has it of the others.
import Torchlight
import TorchlightModels
import TorchlightONNX

private func audio() {
    let waveform = Tensor.randn(2, 16_000)  // [channel, time], 16 kHz
    let mel = MelSpectrogram(sampleRate: 16_000, nFFT: 400, hopLength: 160, nMels: 80)
    let features = AmplitudeToDB(topDB: 80)(mel(waveform))  // [2, 80, 101]
    let cepstra = MFCC(nMFCC: 13, melSpectrogram: mel)(waveform)  // [2, 13, 101]
    let slopes = ComputeDeltas()(cepstra)
    _ = (features, slopes)
}

private func tokenizers(_ texts: [String], _ generated: [Int]) throws {
    do {
        let tokenizer = try Tokenizer(path: "bert-base-uncased")  // a folder or a file
        let encoding = try tokenizer.encode("Hello, world!")
        print(encoding.ids, encoding.tokens, encoding.offsets)
        let text = try tokenizer.decode(encoding.ids, skippingSpecialTokens: true)
        print(text)
    }
    var tokenizer = try Tokenizer(path: "bert-base-uncased")
    let encoding = try tokenizer.encode("Hello, world!")
    do {
        let pair = try tokenizer.encode("Who goes there?", pair: "A friend.")
        print(pair.typeIDs, pair.attentionMask, pair.specialTokensMask, pair.wordIDs)
        let words = try tokenizer.encode(words: ["Hello", "world"])
        let range = encoding.range(of: 1, in: "Hello, world!")
        print(words, range as Any)
    }
    do {
        tokenizer.truncation = .init(maxLength: 512, stride: 128)
        tokenizer.padding = .init(multiple: 8, id: 0, token: "[PAD]")
        let batch = try tokenizer.encodeBatch(texts, threads: 4)
        let ids = batch.map(\.ids)  // equally long
        print(ids)
    }
    do {
        var stream = tokenizer.decodeStream(skippingSpecialTokens: true)
        for id in generated {
            if let text = try stream.append(id) { print(text, terminator: "") }
        }
        print(try stream.finish() ?? "")
    }
    do {
        var options = Tokenizer.TrainingOptions()
        options.vocabularySize = 8000
        options.specialTokens = ["<|endoftext|>"]
        let trained = try Tokenizer.trainByteLevelBPE(on: texts, options: options)
        try trained.save("tokenizer.json")
    }
    do {
        let templates = try ChatTemplates(path: "model")
        let messages: [TemplateValue] = [
            .message(role: "system", content: "You are brief."),
            .message(role: "user", content: "What is a tensor?"),
        ]
        let chat = try templates.render(messages, addGenerationPrompt: true)
        let prompt = try templates.encode(messages, with: tokenizer, addGenerationPrompt: true).encoding
        print(chat.text, prompt.ids)
    }
}

private func sparseProducts() {
    let s = SparseTensor(indices: Tensor([[0, 1, 1], [2, 0, 2]]), values: Tensor([3.0, 4, 5]), size: [2, 3])
    let y = s.matmul(Tensor.randn(3, 4))  // dense, [2, 4]
    let t = (s * 2 + s).t()  // sparse
    let p = s.softmax(dim: 1)  // of the stored elements alone
    _ = (y, t, p)
}

private func sparseGradients(_ indices: Tensor, _ loss: (Tensor) -> Tensor) {
    let table = SparseEmbedding(1_000_000, 64)
    let optimizer = SparseAdam([table.weight], lr: 1e-3)
    loss(table(indices)).backward()
    optimizer.step()
    optimizer.zeroGrad()
}

private func onnxModels(_ x: Tensor) throws {
    let model = try ONNXModel("resnet.onnx")
    print(model.inputs)  // [input: float [batch, 3, 224, 224]]
    let y = model(["input": x])  // the first output, recorded for gradients
    let outputs = try model.run(["input": x])  // every output by name, without gradients
    _ = (y, outputs)
}

private func onnxTraining(_ model: ONNXModel, _ images: Tensor, _ labels: Tensor) {
    let optimizer = AdamW(model.parameters(), lr: 1e-4)
    let loss = crossEntropy(model(["input": images]), labels)
    loss.backward()
    optimizer.step()
}

private func onnxExport() throws {
    let model = Sequential(Linear(784, 128), ReLU(), Linear(128, 10))
    let optimizer = AdamW(model.parameters(), lr: 1e-3)
    for (images, labels) in DataLoader(try MNIST(split: .train), batchSize: 128, shuffle: true) {
        optimizer.zeroGrad()
        crossEntropy(model(images.flatten(from: 1)), labels).backward()
        optimizer.step()
    }
    model.eval()
    try exportONNX(model, Tensor.zeros([2, 784]), to: "digits.onnx", dynamic: ["batch"], verify: true)
}

private func onnxFunctions(_ transformer: Transformer, _ source: Tensor, _ target: Tensor) throws {
    try exportONNX(
        transformer, source, target, to: "transformer.onnx", dynamic: ["length", "batch"],
        inputNames: ["source", "target"]
    ) { source, target in
        transformer(source, target)
    }
    try exportONNX(source, target, to: "distance.onnx") { ($0 - $1).norm(dim: -1) }
}

private func pretrainedModels(_ tokens: Tensor) throws {
    let model = try Llama.load("path/to/Llama-3.2-1B")  // or AutoModel.load, which chooses the class
    let output = model(tokens)  // int64 [N, T] -> logits [N, T, vocabulary]
    let loss = output.loss(tokens)
    try model.savePretrained("path/to/folder")  // transformers can load it
    _ = loss
}

private func textGeneration(_ model: CausalModel, _ prompt: Tensor) async throws {
    let generator = try TextGenerator.load("path/to/model")
    for try await piece in generator("Once upon a time", maxNewTokens: 100) { print(piece, terminator: "") }

    generator.options.temperature = 0.8
    generator.options.topP = 0.95
    generator.options.stopStrings = ["\n\n"]
    generator.options.generator = Generator(seed: 1)
    let result = try generator.generate("Once upon a time", maxNewTokens: 100)
    print(result.text, result.sequence.finishReason, result.tokensPerSecond)

    generator.assistant = try AutoModel.load("path/to/smaller-model")

    var options = try model.generationOptions()  // what the files say
    options.maxNewTokens = 50
    options.beamCount = 4
    let tokens = try model.generate(prompt, options: options)  // [N, T] -> [N, T + generated]
    let sequences = try model.generateSequences(prompt, options: options)
    print(sequences[0].tokens, sequences[0].score as Any, sequences[0].finishReason)
    for try await token in model.tokens(after: [1, 15, 27]) { print(token) }

    let chat = Chat(generator, system: "You are brief.")
    for try await piece in chat("What is a tensor?") { print(piece, terminator: "") }
    _ = tokens
}

private func promptCaches(_ generator: TextGenerator, _ decoder: CausalModel) throws {
    let cache = PromptCache()
    let answer = try generator.generate("A long instruction. First question.", cache: cache)
    try cache.save("instruction.safetensors", for: decoder)
    let restored = try PromptCache("instruction.safetensors", for: decoder)
    _ = (answer, restored)
}

private func textPipelines(_ generator: TextGenerator, _ images: Tensor) throws {
    let embedder = try TextEmbedder.load("path/to/all-MiniLM-L6-v2")
    let vectors = try embedder(["A cat sleeps.", "It rains."])  // [2, size]
    let nearest = TextEmbedder.nearest(to: try embedder("a kitten"), among: vectors)

    let sentiment = try TextClassifier.load("path/to/a-classifier")
    print(try sentiment("What a film!")[0].label)
    let topics = try ZeroShotClassifier.load("path/to/an-nli-model")
    print(try topics("The team won again.", labels: ["sport", "politics"]))
    let names = try TokenClassifier.load("path/to/bert-base-NER")
    print(try names("Sarah lives in London."))
    let answerer = try QuestionAnswerer.load("path/to/distilbert-base-cased-distilled-squad")
    print(try answerer("Where does Sarah live?", context: "Sarah lives in London.")[0].text)
    let filler = try MaskFiller.load("path/to/bert-base-uncased")
    print(try filler("The capital of France is [MASK]."))
    let photos = try ZeroShotImageClassifier.load("path/to/clip-vit-base-patch32")
    print(try photos(images, labels: ["cat", "dog"]))  // images [N, 3, 224, 224], normalised

    let summary = try generator.generate("The tower is 324 metres tall.", task: "summarization")
    print(try generator.perplexity("A text.").value)
    _ = (nearest, summary)
}

private func modelsByName() throws {
    let downloaded = try TextGenerator.load(hub: "openai-community/gpt2")
    let folder = try Hub().snapshot("openai-community/gpt2", revision: "main", patterns: ["*.json"])
    _ = (downloaded, folder)
}

private func quantization() throws {
    do {
        let model = try AutoModel.load("path/to/Llama-3.2-1B")
        quantize(model, .int4(group: 64), embeddings: true)  // in place; prints as QuantizedLinear(...)
        try model.savePretrained("path/to/folder")  // loaded again by AutoModel.load
    }
    do {
        let model = try AutoModel.load("model.gguf") as! CausalModel
        let tokenizer = try Tokenizer(gguf: "model.gguf")
        let file = try GGUFFile("model.gguf")  // metadata and tensors
        _ = (model, tokenizer, file)
    }
}

private func functionTransformations(_ loss: @escaping ([String: Tensor], Tensor) -> Tensor) {
    let slope = grad { x in (x.sin() * x).sum() }  // Tensor -> Tensor
    let curvature = hessian { x in (x * x * x).sum() }
    let distances = vmap { a, b in (a - b).norm() }  // of vectors; call it with matrices
    let perSample = vmap(grad { (w: [String: Tensor], x: Tensor) in loss(w, x) }, inDims: [nil, 0])
    _ = (slope, curvature, distances, perSample)
}

private func transformedModules(_ model: some Layer, _ models: [Linear], _ images: Tensor, _ labels: Tensor) {
    do {
        var weights: [String: Tensor] = [:]
        for (name, parameter) in model.namedParameters() { weights[name] = parameter.detach() }
        let sampleLoss = { (weights: [String: Tensor], x: Tensor, y: Tensor) in
            crossEntropy(functionalCall(model, weights, x.unsqueeze(0)), y.unsqueeze(0))
        }
        let gradients = vmap(grad(sampleLoss), inDims: [nil, 0, 0])(weights, images, labels)  // each [N] + shape
        _ = gradients
    }
    do {
        let (parameters, buffers) = stackModuleState(models)
        let outputs = vmap({ functionalCall(models[0], $0.merging($1) { p, _ in p }, images) })(parameters, buffers)
        _ = outputs
    }
}

private func compiledFunctions(
    _ model: Sequential, _ optimizer: AdamW, _ loader: DataLoader<(Tensor, Tensor)>, _ x: Tensor
) {
    do {
        let step = compile { (x: Tensor, y: Tensor) in
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y)
            loss.backward()
            clipGradNorm(model.parameters(), maxNorm: 1)
            optimizer.step()
            return loss
        }
        for (x, y) in loader { print(step(x, y)) }

        let fast = model.eval().compiled()
        let logits = noGrad { fast(x) }
        _ = logits
    }
    let loss = model(x).sum()
    var log: [Float] = []
    hostCall(loss) { log.append($0[0].item()) }
    print(log)
}

private func fineTuning(
    _ tokenizer: Tokenizer, _ batches: [TextBatch], _ microBatches: [TextBatch], _ tokens: Tensor, _ batch: TextBatch
) throws {
    let model = try Llama.load("path/to/Llama-3.2-1B")
    model.addLoRA(rank: 8, alpha: 16, targets: ["q_proj", "v_proj"], dropout: 0.05)
    let optimizer = AdamW(model.parameters().filter(\.requiresGrad), lr: 1e-4)
    model.train()
    for batch in batches {
        optimizer.zeroGrad()
        model(batch).loss(batch.labels).backward()
        optimizer.step()
    }
    try model.saveAdapter("path/to/adapter")
    var config = LoRAConfig(rank: 16, alpha: 32, targets: .allLinear)
    config.usesDoRA = true  // magnitude and direction (DoRA)
    config.usesRSLoRA = true  // α/√r instead of α/r
    config.rankPattern = [(#"mlp\..*"#, 4)]  // other ranks for some layers
    config.layers = [0, 1, 2]  // these blocks only
    config.bias = .loraOnly  // the biases of the layers too
    config.modulesToSave = ["classifier"]  // a new head, trained whole
    model.addAdapter(config, name: "poems")
    try model.loadAdapter("path/to/chat", name: "chat")
    model.setAdapters(["chat"])  // switch
    model.setAdapters(["chat", "poems"])  // add both changes
    model.addWeightedAdapter([("chat", 0.7), ("poems", 0.3)], name: "both")
    let plain = model.withoutAdapters { model(tokens).logits }
    model.removeAdapter("poems")
    model.mergeAdapters()  // the layers run without the adapter
    model.unmergeAdapters()  // the weights of before, bit for bit
    model.mergeAndUnloadAdapters()  // for good
    try model.savePretrained("path/to/merged")
    let tuned = PromptTuning(model, tokens: try tokenizer.encode("Answer in verse:").ids)
    let output = tuned(batch.tokens)
    let loss = output.loss(batch.labels)
    try tuned.savePrompt("path/to/prompt")
    let templates = try ChatTemplates(path: "path/to/Llama-3.2-1B")
    let data = try InstructionDataset(
        jsonLines: "chats.jsonl", tokenizer: tokenizer, templates: templates, maxLength: 1024)
    let packed = PackedTexts(data.texts, length: 1024)
    let packedLoss = model(packed.batch).loss(packed.batch.labels)
    model.checkpointsActivations = true  // blocks save their input only, and run again in the backward pass
    let mean = model.accumulateGradients(microBatches)
    model.freeze(matching: "model.layers.0.**")
    _ = (plain, loss, packedLoss, mean)
}

private func compiledClosure(_ model: Sequential, _ lbfgs: LBFGS, _ x: Tensor, _ y: Tensor) {
    let loss = compile { (x: Tensor, y: Tensor) in
        lbfgs.zeroGrad()
        let loss = mseLoss(model(x), y)
        loss.backward()
        return loss
    }
    lbfgs.step { loss(x, y) }
}

private func export1(_ model: Sequential, _ x: Tensor) throws {
    let program = try export(model.eval(), Tensor.randn(8, 3), dynamic: ["batch": 1...512])
    print(program)
    try program.save("model.tlp")

    let loaded = try Program.load("model.tlp")
    let y = loaded(x)
    _ = y
}

private func export2(_ query: Tensor, _ documents: Tensor) throws {
    let search = try export(
        { (query: Tensor, documents: Tensor) in (query.matmul(documents.t())).topk(5).indices },
        Tensor.randn(4, 64), Tensor.randn(100, 64),
        dynamic: ["query": [0: "queries"], "documents": [0: "documents"], "queries": 1...32],
        inputNames: ["query", "documents"], outputNames: ["best"])
    let best = search.run(["query": query, "documents": documents])["best"]
    _ = best
}

private func export3(
    _ model: Sequential, _ optimizer: AdamW, _ scheduler: LRScheduler, _ x: Tensor, _ y: Tensor,
    _ loader: DataLoader<(Tensor, Tensor)>
) throws {
    let step = try export(
        { (x: Tensor, y: Tensor) -> Tensor in
            optimizer.zeroGrad()
            let loss = crossEntropy(model(x), y)
            loss.backward()
            optimizer.step()
            scheduler.step()
            return loss
        }, x, y, model: model)
    for (x, y) in loader { print(step(x, y)) }
    try step.save("step.tlp")
}

private func export4(_ train: (Tensor) -> Tensor, _ x: Tensor) throws {
    let report = try explainCapture(train, x)
    if !report.canBeExported { print(report) }
}

private func export5() throws {
    let graph = GraphBuilder()
    let a = graph.placeholder("a", [2, 3])
    let b = graph.placeholder("b", [3, 4])
    let c = graph.build { relu(a.matmul(b) + 1) }
    print(graph)
    let value = graph.run(c, feed: ["a": Tensor.ones(2, 3), "b": Tensor.ones(3, 4)])
    try graph.program(["c": c]).save("graph.tlp")
    _ = value
}
