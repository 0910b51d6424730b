#include "Memory.h"
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace guarded {

thread_local const char* last_operation = "none";

namespace {

/// Pages appear when they are written first, so that this is no more than a range of addresses.
constexpr size_t memory_size = size_t(16) << 30;
constexpr size_t alignment = 64;
/// At least so many bytes lie between two blocks, filled with a value that is checked when the block is released.
constexpr size_t gap = 64;
constexpr unsigned char gap_value = 0xA5, garbage = 0xFF;

char *closed_memory, *open_memory;
struct sigaction previous_action;

std::mutex mutex;
/// Free ranges by their offset; neighbours are joined.
std::map<size_t, size_t>* free_ranges;
size_t used;

/// What a block of `size` bytes takes.
size_t length_of(size_t size) { return (size + alignment - 1) / alignment * alignment + gap; }

bool is_closed(const void* address) {
    const char* at = static_cast<const char*>(address);
    return closed_memory && at >= closed_memory && at < closed_memory + memory_size;
}

/// Safe in a signal handler.
void print(const char* problem) {
    const char* const parts[] = {"guarded device: ", problem, " (last operation: ", last_operation, ")\n"};
    for (const char* part : parts)
        if (write(STDERR_FILENO, part, std::strlen(part)) < 0) return;
}

/// Explains an access of the host, then lets the instruction fail again under the action that was there before.
void explain(int, siginfo_t* info, void*) {
    if (is_closed(info->si_addr)) print("the host accessed device memory");
    sigaction(SIGSEGV, &previous_action, nullptr);
}

} // namespace

int32_t map_memory() {
    const int file = memfd_create("guarded device", MFD_CLOEXEC);
    if (file < 0) return errno;
    if (ftruncate(file, memory_size) != 0) return errno;
    void* const closed = mmap(nullptr, memory_size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
    void* const open = mmap(nullptr, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (closed == MAP_FAILED || open == MAP_FAILED) return errno;
    close(file);
    closed_memory = static_cast<char*>(closed);
    open_memory = static_cast<char*>(open);
    // Never destroyed: tensors in global variables are released after the destructors of this library have run.
    free_ranges = new std::map<size_t, size_t>{{0, memory_size}};

    struct sigaction action = {};
    action.sa_sigaction = explain;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    return sigaction(SIGSEGV, &action, &previous_action) == 0 ? 0 : errno;
}

void* allocate(size_t size) {
    if (size > memory_size) return nullptr;
    const size_t length = length_of(size);
    const std::lock_guard lock(mutex);
    for (auto range = free_ranges->begin(); range != free_ranges->end(); ++range) {
        const auto [offset, available] = *range;
        if (available < length) continue;
        free_ranges->erase(range);
        if (available > length) free_ranges->emplace(offset + length, available - length);
        used += size;
        std::memset(open_memory + offset, garbage, size);
        std::memset(open_memory + offset + size, gap_value, length - size);
        return closed_memory + offset;
    }
    return nullptr;
}

void deallocate(void* block, size_t size) {
    if (!is_closed(block)) die("released a block that is not one of the device");
    size_t offset = size_t(static_cast<char*>(block) - closed_memory), length = length_of(size);
    const char* bytes = open_memory + offset;
    for (size_t i = size; i < length; i++)
        if (static_cast<unsigned char>(bytes[i]) != gap_value) die("a kernel wrote behind the end of a block");
    std::memset(open_memory + offset, garbage, length);

    const std::lock_guard lock(mutex);
    used -= size;
    auto next = free_ranges->lower_bound(offset);
    if (next != free_ranges->end() && next->first == offset + length) {
        length += next->second;
        next = free_ranges->erase(next);
    }
    if (next != free_ranges->begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second == offset) {
            before->second += length;
            return;
        }
    }
    free_ranges->emplace(offset, length);
}

int64_t bytes_in_use() {
    const std::lock_guard lock(mutex);
    return int64_t(used);
}

void* accessible(const void* address) {
    if (!address) return nullptr;
    if (!is_closed(address)) die("an operand lies in memory of the host");
    return open_memory + (static_cast<const char*>(address) - closed_memory);
}

void die(const char* problem) {
    print(problem);
    std::abort();
}

} // namespace guarded
