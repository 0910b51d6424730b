import TorchlightCore

/// Creates a module without initialising its parameters, as `torch.nn.utils.skip_init`.
///
///     let layer = skipInit { Linear(4096, 4096) }
///
/// The closure runs on `Device.meta`, which takes no time for random numbers; then the parameters get memory whose values are
/// undefined. Use it where the values are loaded or set afterwards. Layers in the closure must not name a device.
///
/// - Parameters:
///   - device: The device of the module. Default: the current device.
///   - make: Creates the module.
public func skipInit<M: Module>(device: Device = .current, _ make: () throws -> M) rethrows -> M {
    try withDevice(.meta) { try make() }.toEmpty(device: device)
}
