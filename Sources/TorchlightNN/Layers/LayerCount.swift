import TorchlightCore

/// The number of layers that a stack of them is asked for: none where it is negative, or more than memory holds the
/// descriptions of, which is reported.
func checkedLayerCount(_ count: Int, in name: String) -> Int {
    do throws(TensorError) {
        guard count >= 0 else {
            throw TensorError(
                .value, in: name, "the number of layers is negative", got: "\(count)", expected: "at least 0")
        }
        // A parameter alone takes some hundred bytes.
        try checkListSize(count, bytesEach: 1024, in: name)
        return count
    } catch {
        reportFailure(error)
        return 0
    }
}
