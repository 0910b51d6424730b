import TorchlightCore

/// A number of layers. Reports an error and returns 0 if it is negative or too large for the memory.
func checkedLayerCount(_ count: Int, in name: String) -> Int {
    do throws(TensorError) {
        guard count >= 0 else {
            throw TensorError(
                .value, in: name, "the number of layers is negative", got: "\(count)", expected: "at least 0")
        }
        // A parameter alone takes several hundred bytes.
        try checkListSize(count, bytesEach: 1024, in: name)
        return count
    } catch {
        reportFailure(error)
        return 0
    }
}
