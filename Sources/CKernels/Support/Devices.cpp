// The registry of devices, and the memory of each.
#include "Support/Forward.h"
#include "include/tl_support.h"
#include <atomic>
#include <cstring>

namespace tl {
namespace {

/// One slot per device. A slot is claimed, filled and then published by `registered`; afterwards it does not change.
tl_device_interface interfaces[TL_DEVICE_COUNT];
std::atomic<bool> claimed[TL_DEVICE_COUNT];
std::atomic<const tl_device_interface*> registered[TL_DEVICE_COUNT];
constexpr tl_kernel_table no_kernels{};

const tl_device_interface* interface_of(int32_t device) {
    if (device < 0 || device >= TL_DEVICE_COUNT) return nullptr;
    return registered[device].load(std::memory_order_acquire);
}

} // namespace

const tl_kernel_table& kernels_of(int32_t device) {
    const tl_device_interface* interface = interface_of(device);
    return interface ? *interface->kernels : no_kernels;
}

} // namespace tl

using namespace tl;

int32_t tl_register_device(int32_t device, const tl_device_interface* interface) {
    if (device != TL_DEVICE_CUDA && device != TL_DEVICE_EXTERNAL) return TL_DEVICE_UNKNOWN;
    if (!interface->name || !interface->kernels || !interface->allocate || !interface->deallocate ||
        !interface->copy_from_host || !interface->copy_to_host || !interface->copy_within)
        return TL_DEVICE_INCOMPLETE;
    if (claimed[device].exchange(true)) return TL_DEVICE_REGISTERED_BEFORE;
    interfaces[device] = *interface;
    registered[device].store(&interfaces[device], std::memory_order_release);
    return TL_DEVICE_OK;
}

bool tl_device_is_registered(int32_t device) { return device == TL_DEVICE_CPU || interface_of(device); }

const char* tl_device_name(int32_t device) {
    if (device == TL_DEVICE_CPU) return "cpu";
    const tl_device_interface* interface = interface_of(device);
    return interface ? interface->name : nullptr;
}

void* tl_device_allocate(int32_t device, size_t size) {
    if (device == TL_DEVICE_CPU) return tl_allocate(size);
    const tl_device_interface* interface = interface_of(device);
    return interface ? interface->allocate(size) : nullptr;
}

void tl_device_deallocate(int32_t device, void* block, size_t size) {
    if (device == TL_DEVICE_CPU) return tl_deallocate(block, size);
    if (const tl_device_interface* interface = interface_of(device)) interface->deallocate(block, size);
}

/// Copies by the function of the device, or as for the CPU. For a size of 0 no function is called, because addresses
/// may be NULL.
static int32_t copy(int32_t device, decltype(&tl_device_interface::copy_within) function, void* to, const void* from,
                    size_t size) {
    if (device == TL_DEVICE_CPU) {
        if (size > 0) std::memcpy(to, from, size);
        return TL_DEVICE_OK;
    }
    const tl_device_interface* interface = interface_of(device);
    if (!interface) return TL_DEVICE_UNKNOWN;
    return size > 0 ? (interface->*function)(to, from, size) : TL_DEVICE_OK;
}

int32_t tl_device_copy_from_host(int32_t device, void* to, const void* from, size_t size) {
    return copy(device, &tl_device_interface::copy_from_host, to, from, size);
}

int32_t tl_device_copy_to_host(int32_t device, void* to, const void* from, size_t size) {
    return copy(device, &tl_device_interface::copy_to_host, to, from, size);
}

int32_t tl_device_copy_within(int32_t device, void* to, const void* from, size_t size) {
    return copy(device, &tl_device_interface::copy_within, to, from, size);
}

const char* tl_take_missing_kernel(int32_t* device) {
    tl_kernel_state& state = *tl_kernel_thread();
    const char* kernel = state.missing_kernel;
    if (device) *device = state.missing_device;
    state.missing_kernel = nullptr;
    state.missing_device = TL_DEVICE_CPU;
    return kernel;
}

void tl_note_missing_kernel(int32_t device, const char* kernel) {
    tl_kernel_state& state = *tl_kernel_thread();
    if (state.missing_kernel) return;
    state.missing_kernel = kernel;
    state.missing_device = device;
}
