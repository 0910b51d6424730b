import Torchlight

/// A custom autograd function.
func a13Custom() {
    enum Cube: CustomFunction {
        static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
            context.save(inputs[0])
            return [pow(inputs[0], 3)]
        }
        static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
            let x = context.saved[0]
            return [gradients[0] * 3 * pow(x, 2)]
        }
    }
    let x = Tensor([1.0, -2.0], requiresGrad: true)
    Cube.apply(x)[0].sum().backward()
    print(x.grad!)
}
