/// `import Torchlight` imports the whole framework: tensors and autograd, modules, distributions, audio, sparse tensors,
/// optimisers, data, files and checkpoints.
@_exported import TorchlightAudio
@_exported import TorchlightCore
@_exported import TorchlightData
@_exported import TorchlightDistributions
@_exported import TorchlightIO
@_exported import TorchlightNN
@_exported import TorchlightOptim
@_exported import TorchlightPrograms
@_exported import TorchlightSparse
@_exported import TorchlightTokenizers
@_exported import TorchlightTraining

// Some layers have the name of a primitive. Primitives are visible inside the package only; a declaration here hides
// the declarations of the imported modules, so these names mean the layers.
/// The module `TorchlightNN.BatchNorm`.
@_documentation(visibility: internal)
public typealias BatchNorm = TorchlightNN.BatchNorm
/// The module `TorchlightNN.Embedding`.
@_documentation(visibility: internal)
public typealias Embedding = TorchlightNN.Embedding
/// The module `TorchlightNN.LayerNorm`.
@_documentation(visibility: internal)
public typealias LayerNorm = TorchlightNN.LayerNorm
/// The module `TorchlightNN.Linear`.
@_documentation(visibility: internal)
public typealias Linear = TorchlightNN.Linear
/// The module `TorchlightNN.LogSoftmax`.
@_documentation(visibility: internal)
public typealias LogSoftmax = TorchlightNN.LogSoftmax
/// The module `TorchlightNN.Softmax`.
@_documentation(visibility: internal)
public typealias Softmax = TorchlightNN.Softmax
