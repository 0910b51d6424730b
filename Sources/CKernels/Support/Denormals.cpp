#include "Support/Denormals.h"
#include "include/tl_denormals.h"
#include <atomic>
#include <cstdint>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace {

std::atomic<bool> wanted{false};

/// Sets the mode of the calling thread; returns false if the CPU has no such mode.
bool set_mode([[maybe_unused]] bool flush) {
#if defined(__x86_64__)
    // Denormal results (bit 15) and denormal operands (bit 6) are treated as 0.
    constexpr unsigned int bits = 0x8040;
    _mm_setcsr(flush ? _mm_getcsr() | bits : _mm_getcsr() & ~bits);
    return true;
#elif defined(__aarch64__)
    constexpr uint64_t bit = uint64_t(1) << 24;
    uint64_t control;
    asm volatile("mrs %0, fpcr" : "=r"(control));
    control = flush ? control | bit : control & ~bit;
    asm volatile("msr fpcr, %0" : : "r"(control));
    return true;
#else
    return false;
#endif
}

} // namespace

void tl::follow_denormal_mode() {
    // Initially unknown: a thread inherits the mode of the thread that started it.
    static thread_local int mode = -1;
    const int now = wanted.load(std::memory_order_relaxed);
    if (__builtin_expect(mode == now, 1)) return;
    mode = now;
    set_mode(now != 0);
}

bool tl_set_flush_denormal(bool flush) {
    if (!set_mode(flush)) return false;
    wanted.store(flush, std::memory_order_relaxed);
    return true;
}
