/// `import Torchlight` gives the whole framework: tensors and autograd, modules, optimisers, data and files.
@_exported import TorchlightCore
@_exported import TorchlightData
@_exported import TorchlightIO
@_exported import TorchlightNN
@_exported import TorchlightOptim
