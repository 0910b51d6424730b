import Glibc
import Synchronization
import Testing
@testable import TorchlightCore

/// Runs the body on several threads at once and waits for all.
private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Job {
        let index: Int
        let body: @Sendable (Int) -> Void
        init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.index = index
            self.body = body
        }
    }
    var threads: [pthread_t] = []
    for index in 0..<count {
        var thread = pthread_t()
        let job = Unmanaged.passRetained(Job(index, body)).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { pointer in
                let job = Unmanaged<Job>.fromOpaque(pointer!).takeRetainedValue()
                job.body(job.index)
                return nil
            }, job)
        precondition(status == 0, "a thread could not be started")
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}

@Suite("Backward passes on several threads")
struct ParallelBackwardTests {
    /// A graph with shared values, views and parts, whose gradients are whole numbers.
    private static func loss(_ x: Tensor, _ weight: Tensor, _ round: Int) -> Tensor {
        var h = linear(x, weight)
        let parts = h.chunk(2, dim: 1)
        h = cat([parts[1] * 2, parts[0] + parts[1]], dim: 1)
        h = (h + h * Double(round % 3)).reshape([4, 4]).transpose(0, 1)
        return (h * 3).sum() + h[0].sum()
    }

    private static func whole(_ count: Int, _ shift: Int) -> [Double] {
        (0..<count).map { Double(($0 + shift) % 5) - 2 }
    }

    @Test("Independent graphs give what they give one after the other")
    func independent() {
        let threads = 6
        let rounds = 40
        @Sendable func run(_ thread: Int) -> [Float] {
            let x = Tensor(Self.whole(16, thread)).reshape([4, 4]).requiresGrad_()
            let weight = Tensor(Self.whole(16, 2 * thread)).reshape([4, 4]).requiresGrad_()
            for round in 0..<rounds { Self.loss(x, weight, round).backward() }
            return x.grad!.toArray(Float.self) + weight.grad!.toArray(Float.self)
        }
        let expected = (0..<threads).map(run)
        let found = Mutex<[Int: [Float]]>([:])
        onThreads(threads) { thread in
            let result = run(thread)
            found.withLock { $0[thread] = result }
        }
        for thread in 0..<threads { #expect(found.withLock { $0[thread] } == expected[thread], "thread \(thread)") }
    }

    @Test("Threads that walk one retained graph add the gradient once each")
    func oneGraph() {
        let x = Tensor(Self.whole(16, 1)).reshape([4, 4]).requiresGrad_()
        let weight = Tensor(Self.whole(16, 3)).reshape([4, 4]).requiresGrad_()
        let loss = Self.loss(x, weight, 1)
        loss.backward(retainGraph: true)
        let once = (x.grad!.toArray(Float.self), weight.grad!.toArray(Float.self))
        for threads in [2, 5] {
            let rounds = 60
            (x.grad, weight.grad) = (nil, nil)
            onThreads(threads) { _ in for _ in 0..<rounds { loss.backward(retainGraph: true) } }
            let factor = Float(threads * rounds)
            #expect(x.grad!.toArray(Float.self) == once.0.map { $0 * factor }, "\(threads) threads")
            #expect(weight.grad!.toArray(Float.self) == once.1.map { $0 * factor }, "\(threads) threads")
        }
    }

    @Test("Graphs that share leaves and no more lose nothing, with hooks and without", arguments: [false, true])
    func sharedLeaves(hooked: Bool) {
        let weight = Tensor.ones([64, 64], requiresGrad: true)
        let calls = Atomic<Int>(0)
        if hooked {
            weight.registerHook { gradient in
                calls.add(1, ordering: .relaxed)
                return gradient * 2
            }
        }
        let x = Tensor.ones([8, 64])
        onThreads(4) { _ in
            for _ in 0..<50 { (linear(x, weight) + linear(x, weight)).sum().backward() }
        }
        #expect(weight.grad!.toArray(Float.self).allSatisfy { $0 == Float(4 * 50 * 16 * (hooked ? 2 : 1)) })
        #expect(calls.load(ordering: .relaxed) == (hooked ? 200 : 0))
    }

    @Test("A pass inside a hook, over the graph that the outer one is in and over another")
    func nested() {
        let x = Tensor([2.0], requiresGrad: true)
        let other = Tensor([3.0], requiresGrad: true)
        let y = x * x
        let z = y * y
        var inner: [Double] = []
        y.registerHook { _ in
            // Only the outermost pass goes on inwards.
            guard inner.isEmpty else { return nil }
            inner.append(0)
            inner.append(grad(outputs: [z], inputs: [x], retainGraph: true)[0]!.item())
            enableGrad { (other * other).sum().backward() }
            return nil
        }
        z.sum().backward(retainGraph: true)
        #expect(inner == [0, 32])
        #expect(x.grad!.item() == 32)
        #expect(other.grad!.item() == 6)
    }

    @Test("A custom function may run a pass of its own")
    func insideFunctions() {
        enum Square: CustomFunction {
            static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
                context.save(inputs[0])
                return [inputs[0] * inputs[0]]
            }
            static func backward(_ context: FunctionContext, _ gradients: [Tensor]) -> [Tensor?] {
                enableGrad {
                    let x = context.saved[0].detach().requiresGrad_()
                    (x * x).backward(gradient: gradients[0])
                    return [x.grad]
                }
            }
        }
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        let y = Square.apply(x * 2)[0]
        (y + y).sum().backward()
        #expect(x.grad!.toArray(Float.self) == [16, 32, 48])
    }

    @Test("After a pass that failed the graph can be walked again")
    func afterAnError() throws {
        let x = Tensor([2.0], requiresGrad: true)
        let y = x * x
        let broken = y.registerHook { _ in Tensor([1.0, 2]) }
        let z = (y * 3 + y).sum()
        #expect(throws: TensorError.self) { try checked { z.backward(retainGraph: true) } }
        broken.remove()
        z.backward()
        #expect(x.grad!.item() == 16)
    }
}
