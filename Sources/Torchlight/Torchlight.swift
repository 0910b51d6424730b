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
public typealias Dropout = TorchlightNN.Dropout
/// The layer, not the primitive.
public typealias Embedding = TorchlightNN.Embedding
/// The layer, not the primitive.
public typealias Hardsigmoid = TorchlightNN.Hardsigmoid
/// The layer, not the primitive.
public typealias Hardswish = TorchlightNN.Hardswish
/// The layer, not the primitive.
public typealias Hardtanh = TorchlightNN.Hardtanh
/// The layer, not the primitive.
public typealias LayerNorm = TorchlightNN.LayerNorm
/// The layer, not the primitive.
public typealias Linear = TorchlightNN.Linear
/// The layer, not the primitive.
public typealias LogSigmoid = TorchlightNN.LogSigmoid
/// The layer, not the primitive.
public typealias LogSoftmax = TorchlightNN.LogSoftmax
/// The layer, not the primitive.
public typealias Mish = TorchlightNN.Mish
/// The way losses are reduced, not the primitive.
public typealias Reduction = TorchlightNN.Reduction
/// The layer, not the primitive.
public typealias Sigmoid = TorchlightNN.Sigmoid
/// The layer, not the primitive.
public typealias Softmax = TorchlightNN.Softmax
/// The layer, not the primitive.
public typealias Softplus = TorchlightNN.Softplus
/// The layer, not the primitive.
public typealias Softsign = TorchlightNN.Softsign
/// The layer, not the primitive.
public typealias Tanh = TorchlightNN.Tanh
