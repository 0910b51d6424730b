import Torchlight

/// Conversion between dtypes.
func t05Dtype() {
    let x = Tensor([1.7, -1.7, 0.0, 3.0])
    print(x.to(.int32))
    print(x.to(.int64))
    print(x.to(.bool))
    print(x.to(.float64))
    print(x.to(.float16))
    print(x.to(.bfloat16))
    print((Tensor([1, 2]) + 0.5).dtype, (Tensor([1, 2]) / 2).dtype)
    print(Tensor([1, 2]).to(.float32) / 3)
    print(DType.promote(.int64, .float64))
}
