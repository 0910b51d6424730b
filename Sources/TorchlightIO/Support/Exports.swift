// `IOError`, JSON and the operating system calls are in a module of their own that knows no tensors.
@_exported import TorchlightFiles
