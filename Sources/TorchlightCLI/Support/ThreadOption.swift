import ArgumentParser
import Torchlight

/// Sets the number of threads to what the user wrote; more than can be had is an error here and not a smaller number.
func useThreads(_ count: Int) throws {
    numThreads = count
    if numThreads != count { throw ValidationError("--threads must be at most \(numThreads), not \(count).") }
}
