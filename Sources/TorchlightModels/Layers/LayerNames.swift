import TorchlightNN

// TorchlightCore has primitives of these names, which this module sees too.

typealias Linear = TorchlightNN.Linear
typealias LayerNorm = TorchlightNN.LayerNorm
typealias Embedding = TorchlightNN.Embedding
typealias RMSNorm = TorchlightNN.RMSNorm
typealias Dropout = TorchlightNN.Dropout
