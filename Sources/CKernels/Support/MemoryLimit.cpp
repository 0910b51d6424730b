// The memory available to this process, from the files of the kernel.
//
// Linux maps more memory than exists and kills a process that writes to it. A request that exceeds the memory of the
// machine, or the limit of the control group, is therefore refused before it is mapped.
#include "Support/MemoryLimit.h"
#include "Support/ControlGroups.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int64_t unlimited = INT64_MAX / 4;

/// The number at the start of a file; `unlimited` for "max" and if the file does not exist.
int64_t number_in(const char* folder, const char* name) {
    char path[8192], text[64] = "";
    std::snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE* file = std::fopen(path, "r");
    if (!file) return unlimited;
    const bool read = std::fgets(text, sizeof text, file) != nullptr;
    std::fclose(file);
    if (!read || text[0] < '0' || text[0] > '9') return unlimited;
    const uint64_t value = std::strtoull(text, nullptr, 10);
    return value > static_cast<uint64_t>(unlimited) ? unlimited : static_cast<int64_t>(value);
}

/// The number after a word at the start of a line; 0 if there is none.
int64_t field_in(const char* path, const char* word) {
    FILE* file = std::fopen(path, "r");
    if (!file) return 0;
    char line[256];
    int64_t value = 0;
    const size_t length = std::strlen(word);
    while (std::fgets(line, sizeof line, file))
        if (std::strncmp(line, word, length) == 0 && (line[length] == ':' || line[length] == ' ')) {
            value = std::strtoll(line + length + 1, nullptr, 10);
            break;
        }
    std::fclose(file);
    return value;
}

int64_t kilobytes(const char* word) { return field_in("/proc/meminfo", word) * 1024; }

const char* limit_name(bool unified) { return unified ? "memory.max" : "memory.limit_in_bytes"; }

int64_t total() {
    const int64_t swap = kilobytes("SwapTotal");
    const int64_t machine = kilobytes("MemTotal");
    int64_t lowest = machine > 0 ? machine + swap : unlimited;
    tl::each_control_group("memory", [&](const char* folder, bool unified) {
        const int64_t limit = number_in(folder, limit_name(unified));
        if (limit == unlimited) return;
        const int64_t swappable = unified ? std::min(number_in(folder, "memory.swap.max"), swap) : swap;
        lowest = std::min(lowest, limit + swappable);
    });
    return lowest;
}

} // namespace

int64_t tl_memory_limit(void) {
    static const int64_t limit = total();
    return limit;
}

int64_t tl::available_memory() {
    const int64_t swap = kilobytes("SwapFree");
    const int64_t machine = kilobytes("MemAvailable");
    int64_t lowest = machine > 0 ? machine + swap : unlimited;
    tl::each_control_group("memory", [&](const char* folder, bool unified) {
        const int64_t limit = number_in(folder, limit_name(unified));
        const int64_t used = number_in(folder, unified ? "memory.current" : "memory.usage_in_bytes");
        if (limit == unlimited || used == unlimited) return;
        // Unused pages of cached files count as used, but are reclaimed first.
        char statistics[8192 + 16];
        std::snprintf(statistics, sizeof statistics, "%s/memory.stat", folder);
        const int64_t files = field_in(statistics, unified ? "inactive_file" : "total_inactive_file");
        const int64_t swappable = unified ? std::min(number_in(folder, "memory.swap.max"), swap) : swap;
        lowest = std::min(lowest, std::max<int64_t>(limit - used, 0) + files + swappable);
    });
    return lowest;
}
