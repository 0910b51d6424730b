import Glibc
import ONNXBackendTests

exit(BackendTests.main(Array(CommandLine.arguments.dropFirst())))
