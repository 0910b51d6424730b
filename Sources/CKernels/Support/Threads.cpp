// How many threads kernels use, and telling GNU OpenMP (hence oneDNN) the same number.
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

/// Processors that the control groups of this process allow it, rounded up; 0 where there is no limit. A group's limit
/// holds for its children too, so every level up to the root is asked.
int quota_of_control_groups() {
    double lowest = 0;
    auto note = [&](double quota, double period) {
        if (quota > 0 && period > 0 && (lowest == 0 || quota / period < lowest)) lowest = quota / period;
    };
    FILE* file = std::fopen("/proc/self/cgroup", "r");
    if (!file) return 0;
    char line[4096];
    while (std::fgets(line, sizeof line, file)) {
        // "hierarchy:controllers:path"; version 2 has no controllers.
        char* controllers = std::strchr(line, ':');
        char* group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
        if (!group) continue;
        *group++ = 0;
        ++controllers;
        group[std::strcspn(group, "\n")] = 0;
        const bool unified = *controllers == 0;
        if (!unified && !std::strstr(controllers, "cpu")) continue;
        if (!unified && std::strstr(controllers, "cpuset") && !std::strstr(controllers, "cpu,")) continue;
        for (;;) {
            char path[8192], text[256];
            if (unified) {
                std::snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
                double quota, period;
                if (read_line(path, text, sizeof text) && std::sscanf(text, "%lf %lf", &quota, &period) == 2)
                    note(quota, period);
            } else {
                std::snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_quota_us", group);
                const double quota = read_line(path, text, sizeof text) ? std::atof(text) : -1;
                std::snprintf(path, sizeof path, "/sys/fs/cgroup/cpu%s/cpu.cfs_period_us", group);
                const double period = read_line(path, text, sizeof text) ? std::atof(text) : -1;
                note(quota, period);
            }
            char* slash = std::strrchr(group, '/');
            if (!slash) break;
            *slash = 0;
        }
    }
    std::fclose(file);
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
