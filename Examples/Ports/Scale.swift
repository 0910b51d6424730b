import Foundation
import Torchlight

/// How much a program computes.
enum Scale {
    /// Seconds, for the tests.
    case small
    /// As much as the original, or as the data that ships with Torchlight allows.
    case full

    /// One of two values.
    func pick<T>(small: T, full: T) -> T { self == .small ? small : full }
}

/// A number with a fixed number of digits.
func text(_ value: Double, _ digits: Int = 4) -> String { String(format: "%.\(digits)f", value) }
