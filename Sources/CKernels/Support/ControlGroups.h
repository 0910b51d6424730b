// The control groups (cgroups) of this process.
#ifndef TL_CONTROL_GROUPS_H
#define TL_CONTROL_GROUPS_H
#include <cstdio>
#include <cstring>

namespace tl {

/// Whether a list "cpu,cpuacct" names a controller.
inline bool names_controller(const char* list, const char* controller) {
    const size_t length = std::strlen(controller);
    for (const char* at = list; (at = std::strstr(at, controller)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == 0)) return true;
    return false;
}

/// Calls `visit(folder, is_unified)` for the control group of this process for a controller ("cpu", "memory"), and for
/// each of its ancestors, whose limits apply too. `is_unified` is true for cgroups version 2.
template <class Visit>
void each_control_group(const char* controller, Visit visit) {
    FILE* file = std::fopen("/proc/self/cgroup", "r");
    if (!file) return;
    char line[4096];
    while (std::fgets(line, sizeof line, file)) {
        // "hierarchy:controllers:path"; version 2 has no controllers.
        char* controllers = std::strchr(line, ':');
        char* group = controllers ? std::strchr(controllers + 1, ':') : nullptr;
        if (!group) continue;
        *group++ = 0;
        ++controllers;
        group[std::strcspn(group, "\n")] = 0;
        const bool is_unified = *controllers == 0;
        if (!is_unified && !names_controller(controllers, controller)) continue;
        for (;;) {
            char folder[8192];
            std::snprintf(folder, sizeof folder, "/sys/fs/cgroup%s%s%s", is_unified ? "" : "/",
                          is_unified ? "" : controller, group);
            visit(static_cast<const char*>(folder), is_unified);
            char* slash = std::strrchr(group, '/');
            if (!slash) break;
            *slash = 0;
        }
    }
    std::fclose(file);
}

} // namespace tl

#endif
