import Foundation

/// A number with thousands separators: 101,770.
func withThousands(_ number: Int) -> String {
    let formatter = NumberFormatter()
    formatter.numberStyle = .decimal
    formatter.locale = Locale(identifier: "en_US")
    return formatter.string(from: number as NSNumber)!
}
