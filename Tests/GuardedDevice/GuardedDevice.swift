import CGuardedDevice
import TorchlightCore

extension Device {
    /// A device with the CPU's kernels whose memory the host cannot touch: an access from outside a kernel ends the process and
    /// names the last operation. nil where the system gives no memory for it.
    ///
    /// It shows that code computes through the dispatcher alone, on machines without any other device.
    package static let guarded: Device? = tl_guarded_register() == 0 ? Device.external : nil
}
