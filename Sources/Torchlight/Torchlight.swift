/// `import Torchlight` gives the whole framework: tensors and autograd, modules, optimisers, data, files and checkpoints.
@_exported import TorchlightCore
@_exported import TorchlightData
@_exported import TorchlightIO
@_exported import TorchlightNN
@_exported import TorchlightOptim
@_exported import TorchlightTraining

// Some layers are called like the primitive that they are made of. Primitives are visible inside the package only, where
// these names say which is meant; what is declared here hides what the modules above declare.
/// The layer, not the primitive.
public typealias Embedding = TorchlightNN.Embedding
/// The layer, not the primitive.
public typealias LayerNorm = TorchlightNN.LayerNorm
/// The layer, not the primitive.
public typealias Linear = TorchlightNN.Linear
/// The layer, not the primitive.
public typealias LogSoftmax = TorchlightNN.LogSoftmax
/// The layer, not the primitive.
public typealias Softmax = TorchlightNN.Softmax
