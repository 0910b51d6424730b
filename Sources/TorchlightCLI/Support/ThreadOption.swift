import ArgumentParser
import Torchlight

/// Sets the number of threads to the option; a number above the maximum is an error, and is not clamped.
func useThreads(_ count: Int) throws {
    numThreads = count
    if numThreads != count { throw ValidationError("--threads must be at most \(numThreads), not \(count).") }
}
