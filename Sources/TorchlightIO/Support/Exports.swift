// `IOError`, JSON and the operating system calls are in a module of their own, which does not depend on tensors.
@_exported import TorchlightFiles
