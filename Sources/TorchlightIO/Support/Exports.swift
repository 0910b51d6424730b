// `IOError`, JSON and the operating system calls are in a separate module, which does not depend on tensors.
@_exported import TorchlightFiles
