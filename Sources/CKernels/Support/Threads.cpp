// How many threads kernels use, and telling GNU OpenMP (hence oneDNN) the same number.
#include "Support/ControlGroups.h"
#include "Support/Parallel.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#include <unistd.h>
#endif

namespace {

/// Reads the first line of a file; false where there is none.
bool read_line(const char* path, char* line, int size) {
    FILE* file = std::fopen(path, "r");
    if (!file) return false;
    const bool read = std::fgets(line, size, file) != nullptr;
    std::fclose(file);
    return read;
}

/// Processors that the control groups of this process allow it, rounded up; 0 where there is no limit.
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

int usable_processors() {
    if (const char* wish = std::getenv("OMP_NUM_THREADS")) {
        const int count = std::atoi(wish); // of a list "4,2", the outermost level
        if (count > 0) return count;
    }
    int processors = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    // The fixed set holds 1,024 processors; a larger machine makes the call fail and keeps the figure above.
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) processors = CPU_COUNT(&set);
#endif
    const int quota = quota_of_control_groups();
    if (quota > 0 && quota < processors) processors = quota;
    return processors > 0 ? processors : 1;
}

std::atomic<int32_t> thread_count{0};

} // namespace

int32_t tl_num_threads(void) {
    int32_t count = thread_count.load(std::memory_order_relaxed);
    if (__builtin_expect(count == 0, 0)) {
        int32_t none = 0;
        count = usable_processors();
        if (!thread_count.compare_exchange_strong(none, count)) count = none;
        tl::follow_thread_count();
    }
    return count;
}

void tl_set_num_threads(int32_t count) {
    thread_count.store(count > 0 ? count : 1, std::memory_order_relaxed);
    tl::follow_thread_count();
}

void tl::follow_thread_count() {
    // OpenMP keeps its figure per thread.
    static thread_local int32_t told = 0;
    const int32_t count = tl_num_threads();
    if (told != count) {
        told = count;
        omp_set_num_threads(count);
    }
}

void tl_parallel_for(int64_t count, void (*body)(void* context, int64_t begin, int64_t end), void* context) {
    tl::parallel_for(count, 1, [=](int64_t begin, int64_t end) { body(context, begin, end); });
}
