/// Jacobians, computed by `vmap` over the unit vectors of results or arguments.
enum Jacobian {
    /// The Jacobians of the results with respect to a structure, by reverse mode: one row per element of a result.
    static func jacrev<Point: TensorStructure>(
        _ point: Point, _ chunkSize: Int?, _ function: (Point) -> [Tensor]
    ) -> [Point] {
        var results: [Tensor] = []
        do throws(TensorError) {
            let rows = try reverse("jacrev", point.slots.tensors, chunkSize) { variables in
                results = function(point.replacing(variables))
                return results
            }
            return rows.map { point.replacing($0) }
        } catch { return failed(error, point, results) }
    }

    /// The Jacobians of the results with respect to a structure, by forward mode: one column per element of an
    /// argument.
    static func jacfwd<Point: TensorStructure>(
        _ point: Point, _ chunkSize: Int?, _ function: (Point) -> [Tensor]
    ) -> [Point] {
        var results: [Tensor] = []
        do throws(TensorError) {
            let rows = try forward("jacfwd", point.slots.tensors, chunkSize) { variables in
                results = function(point.replacing(variables))
                return results
            }
            return rows.map { point.replacing($0) }
        } catch { return failed(error, point, results) }
    }

    private static func failed<Point: TensorStructure>(
        _ error: TensorError, _ point: Point, _ results: [Tensor]
    ) -> [Point] {
        let placeholder = fail(error)
        let failed = point.replacing(point.slots.tensors.map { _ in placeholder })
        return Array(repeating: failed, count: Swift.max(results.count, 1))
    }

    static func jacrev(
        _ arguments: [Tensor], _ argnums: [Int], _ chunkSize: Int?, _ function: ([Tensor]) -> Tensor
    ) -> [Tensor] {
        do throws(TensorError) {
            let indices = try resolve(argnums, of: arguments, in: "jacrev")
            return try reverse("jacrev", indices.map { arguments[$0] }, chunkSize) {
                [function(arguments.replacing($0, at: indices))]
            }[0]
        } catch {
            let failed = fail(error)
            return argnums.map { _ in failed }
        }
    }

    static func jacfwd(
        _ arguments: [Tensor], _ argnums: [Int], _ chunkSize: Int?, _ function: ([Tensor]) -> Tensor
    ) -> [Tensor] {
        do throws(TensorError) {
            let indices = try resolve(argnums, of: arguments, in: "jacfwd")
            return try forward("jacfwd", indices.map { arguments[$0] }, chunkSize) {
                [function(arguments.replacing($0, at: indices))]
            }[0]
        } catch {
            let failed = fail(error)
            return argnums.map { _ in failed }
        }
    }

    /// The blocks of the Hessian: `[i][j]` is the derivative with respect to argument `j` of the derivative with
    /// respect to argument `i`.
    static func hessian(
        _ arguments: [Tensor], _ argnums: [Int], _ function: ([Tensor]) -> Tensor
    ) -> [[Tensor]] {
        do throws(TensorError) {
            let indices = try resolve(argnums, of: arguments, in: "hessian")
            return try forward("hessian", indices.map { arguments[$0] }, nil) { variables throws(TensorError) in
                try reverse("hessian", variables, nil) { [function(arguments.replacing($0, at: indices))] }[0]
            }
        } catch {
            let failed = fail(error)
            return argnums.map { _ in argnums.map { _ in failed } }
        }
    }

    /// The Jacobian of each result with respect to each argument.
    private static func reverse(
        _ operation: String, _ arguments: [Tensor], _ chunkSize: Int?,
        _ function: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) -> [[Tensor]] {
        let point = try Linearization(operation, arguments, function)
        try check(point)
        var jacobians: [[Tensor]] = []
        for (i, output) in point.outputs.enumerated() {
            guard output.requiresGrad, output.count > 0 else {
                jacobians.append(try arguments.zeros(before: output.layout.shape))
                continue
            }
            let (rows, size) = try VectorizedMap.run([try unitVectors(of: output)], dims: [0], chunkSize: chunkSize) {
                seeds throws(TensorError) in
                var cotangents = [Tensor?](repeating: nil, count: point.outputs.count)
                cotangents[i] = seeds[0]
                return try point.pullback(cotangents, retainGraph: true)
            }
            jacobians.append(
                zip(rows, arguments).map { row, argument in
                    BatchedRun.leading(row, size).reshape(output.shape + argument.shape)
                })
        }
        return jacobians
    }

    private static func forward(
        _ operation: String, _ arguments: [Tensor], _ chunkSize: Int?,
        _ function: ([Tensor]) throws(TensorError) -> [Tensor]
    ) throws(TensorError) -> [[Tensor]] {
        let point = try Linearization(operation, arguments, function)
        try check(point)
        let pushforward = try Pushforward(point)
        var jacobians = [[Tensor]](repeating: [], count: point.outputs.count)
        for (j, argument) in arguments.enumerated() {
            guard argument.count > 0 else {
                for (i, output) in point.outputs.enumerated() {
                    jacobians[i].append(try [argument].zeros(before: output.layout.shape)[0])
                }
                continue
            }
            let (columns, size) = try VectorizedMap.run(
                [try unitVectors(of: argument)], dims: [0], chunkSize: chunkSize
            ) { seeds throws(TensorError) in
                var tangents = [Tensor?](repeating: nil, count: arguments.count)
                tangents[j] = seeds[0]
                return try pushforward.tangents(tangents)
            }
            for (i, output) in point.outputs.enumerated() {
                let column = BatchedRun.leading(columns[i], size).movedim(0, -1)
                jacobians[i].append(column.reshape(output.shape + argument.shape))
            }
        }
        return jacobians
    }

    private static func check(_ point: Linearization) throws(TensorError) {
        for tensor in point.outputs + point.variables where tensor.dtype.isComplex {
            throw TensorError(
                .dtype, in: point.operation, "complex tensors have no Jacobian", expected: "real numbers",
                fix: "use vjp, or viewAsReal", operands: [tensor])
        }
    }

    /// The unit vectors for the elements of a tensor, as a tensor `[n] + shape`.
    private static func unitVectors(of tensor: Tensor) throws(TensorError) -> Tensor {
        Tensor.eye(tensor.count, dtype: tensor.dtype, device: tensor.device).reshape([tensor.count] + tensor.shape)
    }
}

extension [Tensor] {
    /// Zeros whose shapes are `shape` followed by the shape of each tensor.
    fileprivate func zeros(before shape: Dims) throws(TensorError) -> [Tensor] {
        var zeros: [Tensor] = []
        for tensor in self {
            let dims = Dims([Int](shape) + tensor.shape)
            zeros.append(try .filled(0, shape: dims, dtype: tensor.dtype, device: tensor.device))
        }
        return zeros
    }
}
