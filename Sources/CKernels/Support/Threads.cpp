// The number of threads of kernels, and of libraries that use OpenMP.
#include "Support/ControlGroups.h"
#include "Support/Parallel.h"
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif

// Functions of GNU OpenMP, with which oneDNN is linked. Declared here because clang may have no OpenMP headers.
extern "C" {
int omp_get_max_threads(void);
void omp_set_num_threads(int count);
}

namespace {

/// Reads the first line of a file; returns false if it does not exist.
bool read_line(const char* path, char* line, int size) {
    FILE* file = std::fopen(path, "r");
    if (!file) return false;
    const bool read = std::fgets(line, size, file) != nullptr;
    std::fclose(file);
    return read;
}

/// The number of CPUs that the control groups of this process allow, rounded up; 0 without a limit.
int quota_of_control_groups() {
    double lowest = 0;
    auto note = [&](double quota, double period) {
        if (quota > 0 && period > 0 && (lowest == 0 || quota / period < lowest)) lowest = quota / period;
    };
    tl::each_control_group("cpu", [&](const char* folder, bool is_unified) {
        char path[8192 + 32], text[256];
        const auto read = [&](const char* name) {
            std::snprintf(path, sizeof path, "%s/%s", folder, name);
            return read_line(path, text, sizeof text);
        };
        if (is_unified) {
            double quota, period;
            if (read("cpu.max") && std::sscanf(text, "%lf %lf", &quota, &period) == 2) note(quota, period);
        } else {
            const double quota = read("cpu.cfs_quota_us") ? std::atof(text) : -1;
            const double period = read("cpu.cfs_period_us") ? std::atof(text) : -1;
            note(quota, period);
        }
    });
    return lowest > 0 ? static_cast<int>(lowest + 0.999) : 0;
}

/// The number of CPUs in the affinity mask of this process; 0 if unknown.
int bound_processors() {
#if defined(__linux__)
    // The mask is enlarged until it contains every CPU of the machine.
    for (int count = 1024; count <= (1 << 20); count *= 4) {
        cpu_set_t* set = CPU_ALLOC(size_t(count));
        if (!set) return 0;
        const size_t bytes = CPU_ALLOC_SIZE(size_t(count));
        const bool filled = sched_getaffinity(0, bytes, set) == 0;
        const bool small = !filled && errno == EINVAL;
        const int processors = filled ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (!small) return processors;
    }
#endif
    return 0;
}

int usable_processors() {
    int processors = bound_processors();
    if (processors <= 0) processors = static_cast<int>(std::thread::hardware_concurrency());
    const int quota = quota_of_control_groups();
    if (quota > 0 && quota < processors) processors = quota;
    return processors > 0 ? processors : 1;
}

int clamped(int64_t count) { return static_cast<int>(std::clamp<int64_t>(count, 1, tl_most_threads())); }

int default_threads() {
    if (const char* wish = std::getenv("OMP_NUM_THREADS")) {
        // For a list "4,2" the outermost level is used. Too large a number is clamped.
        const long long count = std::strtoll(wish, nullptr, 10);
        if (count > 0) return clamped(count);
    }
    return clamped(usable_processors());
}

std::atomic<int32_t> thread_count{0};

} // namespace

int32_t tl_most_threads(void) {
    // More threads per CPU only cost memory and time.
    static const int most = std::min(std::max(64, 4 * usable_processors()), tl::max_threads);
    return most;
}

int32_t tl_num_threads(void) {
    int32_t count = thread_count.load(std::memory_order_relaxed);
    if (__builtin_expect(count == 0, 0)) {
        int32_t none = 0;
        count = default_threads();
        if (!thread_count.compare_exchange_strong(none, count)) count = none;
    }
    return count;
}

void tl_set_num_threads(int32_t count) { thread_count.store(clamped(count), std::memory_order_relaxed); }

/// Fills the cache of free small blocks that glibc keeps for each thread.
///
/// dnnl_sgemm allocates a large aligned buffer in each call. The remainders at the ends of the buffer would be kept in this cache.
/// Then they do not merge with the buffer when it is freed, the next buffer does not fit, and the heap grows: seven times, the
/// number of kept blocks of a size, for each size of product.
static void fill_cache_of_small_blocks() {
#if defined(__GLIBC__)
    constexpr size_t smallest = 24, largest = 168, step = 16, kept = 7;
    void* blocks[(largest - smallest) / step + 1][kept];
    for (auto& row : blocks)
        for (void*& block : row) block = std::malloc(smallest + size_t(&row - blocks) * step);
    // Compilers remove a pair of malloc and free whose block is not used.
    asm volatile("" ::"r"(blocks) : "memory");
    for (auto& row : blocks)
        for (void* block : row) std::free(block);
#endif
}

tl::LibraryThreads::LibraryThreads(int count) : before(omp_get_max_threads()) {
    thread_local bool is_filled = false;
    if (!is_filled) {
        fill_cache_of_small_blocks();
        is_filled = true;
    }
    if (before != count) omp_set_num_threads(count);
}
tl::LibraryThreads::~LibraryThreads() { omp_set_num_threads(before); }

void tl_parallel_for(int64_t count, void (*body)(void* context, int64_t begin, int64_t end), void* context) {
    tl::parallel_for(count, 1, [=](int64_t begin, int64_t end) { body(context, begin, end); });
}

void tl_run_inline_on_this_thread(void) { tl::run_inline_on_this_thread(); }
void tl_reserve_thread(void) { tl::reserve_thread(); }
void tl_release_thread(void) { tl::release_thread(); }

int64_t tl_scratch_failures(void) { return tl::failures_noted(); }
