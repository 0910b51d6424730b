#include "Support/ThreadPool.h"
#include "Support/Denormals.h"
#include <algorithm>
#include <atomic>
#include <ctime>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tl {

namespace {

// MARK: Waiting

void pause_processor() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");
#endif
}

int64_t nanoseconds(const timespec& time) { return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }
int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return nanoseconds(time);
}

void sleep_while(std::atomic<uint32_t>& word, uint32_t value) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake(std::atomic<uint32_t>& word, int count) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

// MARK: Detection of other load

constexpr int64_t microsecond = 1'000;
/// The time that a worker polls before it sleeps. Waking it takes about 5 to 50 microseconds, and between the regions
/// of a training step one thread often works for 100.
constexpr int64_t worker_spin_limit = 300 * microsecond;
/// The time that a caller polls for the end of pieces that workers execute.
constexpr int64_t caller_spin_limit = 300 * microsecond;
/// The polling time while other processes use the CPUs: polling would then use CPU time needed for work.
constexpr int64_t loaded_spin_limit = 1 * microsecond;
/// The time after the last detection of other load during which the CPUs count as loaded.
constexpr int64_t load_duration = 100'000 * microsecond;
/// The amount of work from which a sleeping worker is woken while the CPUs are loaded: it competes with the caller, or
/// waits for a CPU.
constexpr int64_t loaded_wake_threshold = 300 * microsecond;

std::atomic<int64_t> loaded_until{0};

bool is_loaded(int64_t time) { return time < loaded_until.load(std::memory_order_relaxed); }
void record_load(int64_t time) { loaded_until.store(time + load_duration, std::memory_order_relaxed); }

/// Detects other load: time in which this thread was runnable but did not run. The number of interruptions is not a
/// good measure, because an idle machine also interrupts threads briefly.
class LoadDetector {
  public:
    /// Queries the system, at most once per `interval`.
    void sample(int64_t time) {
        const int64_t wanted = time - started - slept;
        if (wanted < interval) return;
        rusage usage;
        timespec processor;
        if (getrusage(RUSAGE_THREAD, &usage) != 0 || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &processor) != 0) return;
        const int64_t used = nanoseconds(processor);
        // A thread that slept elsewhere, as for a file, was not runnable all of the time.
        const bool slept_elsewhere = usage.ru_nvcsw - switches > sleeps;
        if (!slept_elsewhere && started != 0 && wanted - (used - used_before) > wanted / waiting_share) record_load(time);
        started = time, slept = 0, sleeps = 0;
        used_before = used, switches = usage.ru_nvcsw;
    }

    /// Records the time in which this thread slept in the pool.
    void sleep_ended(int64_t duration) { slept += duration, sleeps++; }

  private:
    static constexpr int64_t interval = 20'000 * microsecond;
    /// The CPUs count as loaded if a thread waits for more than 1 / waiting_share of the time.
    static constexpr int64_t waiting_share = 5;
    int64_t started = 0, slept = 0, used_before = 0;
    long sleeps = 0, switches = 0;
};

/// Polls until done() or for `limit`; returns false after a timeout.
template <class Done>
bool poll(int64_t limit, int64_t started, Done&& done) {
    for (;;) {
        for (int i = 0; i < 16; i++) {
            if (done()) return true;
            pause_processor();
        }
        if (now() - started > limit) return done();
    }
}

// MARK: Regions

/// The pieces of a region that one participant takes first: generation, first and last in one word, so that a claim by
/// a thread of an earlier region in this slot fails.
struct alignas(64) Share {
    std::atomic<uint64_t> range{0};

    static uint64_t word(uint32_t generation, int64_t first, int64_t last) {
        return uint64_t(generation) << 32 | uint64_t(first) << 16 | uint64_t(last);
    }

    /// Claims a piece, from the front by the owner of the share, from the back by others; returns -1 if none is left.
    int64_t claim(bool own, uint32_t generation) {
        uint64_t value = range.load(std::memory_order_acquire);
        for (;;) {
            const int64_t first = int64_t(value >> 16 & 0xFFFF), last = int64_t(value & 0xFFFF);
            if (first >= last || uint32_t(value >> 32) != generation) return -1;
            const uint64_t rest = own ? word(generation, first + 1, last) : word(generation, first, last - 1);
            if (range.compare_exchange_weak(value, rest, std::memory_order_acquire, std::memory_order_acquire))
                return own ? first : last - 1;
        }
    }
};

/// A region in progress. Regions are never freed, because a worker may access one that has ended.
struct alignas(64) Region {
    std::atomic<bool> taken{false};
    uint32_t generation = 0;  // written by the thread that owns the region
    // Others read this only after they have claimed a piece, which prevents the end of the region.
    void (*body)(void*, int64_t) = nullptr;
    void* context = nullptr;
    /// Generation, the maximum number of participants including the caller, and their current number.
    std::atomic<uint64_t> participants{0};
    /// The number of unfinished pieces, and a flag that the caller sleeps.
    alignas(64) std::atomic<uint32_t> unfinished{0};
    /// Failures of pieces that workers ran; the caller adds them to its own when the region ends.
    std::atomic<int64_t> failures{0};
    Share shares[max_threads];

    static constexpr uint32_t asleep = uint32_t(1) << 31;

    /// Runs pieces until none is left, or should_continue(count so far), called after each, returns false; returns the
    /// count.
    template <class ShouldContinue>
    uint32_t work(int self, int threads, uint32_t generation, ShouldContinue&& should_continue) {
        uint32_t done = 0;
        for (int i = 0; i < threads; i++) {
            const int share = (self + i) % threads;
            for (int64_t piece; (piece = shares[share].claim(i == 0, generation)) >= 0;) {
                body(context, piece);
                if (!should_continue(++done)) return done;
            }
        }
        return done;
    }

    /// Marks pieces as finished. The region may have ended when this returns.
    void finish(uint32_t pieces) {
        const uint32_t left = unfinished.fetch_sub(pieces, std::memory_order_acq_rel) - pieces;
        if (left == asleep) wake(unfinished, 1);
    }
};

constexpr int max_regions = 64;

struct Pool {
    Region regions[max_regions];
    /// A bit for each region that may have unclaimed pieces.
    alignas(64) std::atomic<uint64_t> open{0};
    /// The count of opened regions; workers sleep on it.
    alignas(64) std::atomic<uint32_t> opened{0};
    alignas(64) std::atomic<int32_t> sleeping{0};
    std::atomic<int32_t> polling{0};
    alignas(64) std::atomic<int32_t> workers{0};
    std::atomic<int32_t> reserved{0};
    std::atomic<bool> growing{false};
    std::atomic<bool> refused{false};
    std::atomic<int64_t> retry_at{0};
};

// Zero-initialised, so that unused parts need no memory; without a destructor, because workers outlive main.
constinit Pool pool{};

/// The state of the calling thread with respect to regions.
enum class ThreadMode : uint8_t { parallel, inline_only, inside };
thread_local ThreadMode thread_mode = ThreadMode::parallel;
thread_local int64_t failures = 0;

std::atomic<bool> forked{false};

/// Runs pieces of the open regions in turn, starting after `cursor`: one piece each while there are several regions.
/// Returns whether there was a piece.
bool run_open_regions(Pool& p, int self, int& cursor) {
    bool worked = false;
    uint64_t open = p.open.load(std::memory_order_acquire);
    while (open) {
        const uint64_t after = cursor < 63 ? open & ~((uint64_t(2) << cursor) - 1) : 0;
        const int index = __builtin_ctzll(after ? after : open);
        const uint64_t bit = uint64_t(1) << index;
        open &= ~bit;
        Region& region = p.regions[index];
        cursor = index;
        uint64_t entry = region.participants.load(std::memory_order_acquire);
        const auto is_full = [&] { return (entry & 0xFFFF) >= (entry >> 16 & 0xFFFF); };
        while (!is_full() && !region.participants.compare_exchange_weak(entry, entry + 1, std::memory_order_acquire)) {}
        if (is_full()) continue;
        const int64_t failures_before = failures;
        const uint32_t done =
            region.work(self, int(entry >> 16 & 0xFFFF), uint32_t(entry >> 32),
                        [&](uint32_t) { return (p.open.load(std::memory_order_relaxed) & ~bit) == 0; });
        // Without a claimed piece the region is not accessed again.
        if (!done) continue;
        // Until its pieces are marked as finished, the slot still contains this region.
        region.participants.fetch_sub(1, std::memory_order_relaxed);
        if (failures != failures_before) region.failures.fetch_add(failures - failures_before, std::memory_order_relaxed);
        region.finish(done);
        worked = true;
    }
    return worked;
}

void* worker(void* argument) {
    Pool& p = pool;
    const int self = int(reinterpret_cast<intptr_t>(argument));
    thread_mode = ThreadMode::inside;
    LoadDetector detector;
    int cursor = self % max_regions;
    for (;;) {
        const uint32_t seen = p.opened.load(std::memory_order_seq_cst);
        follow_denormal_mode();
        if (run_open_regions(p, self, cursor)) continue;
        const int64_t time = now();
        detector.sample(time);
        p.polling.fetch_add(1, std::memory_order_seq_cst);
        const bool found = poll(is_loaded(time) ? loaded_spin_limit : worker_spin_limit, time,
                                [&] { return p.opened.load(std::memory_order_relaxed) != seen; });
        p.polling.fetch_sub(1, std::memory_order_seq_cst);
        if (found) continue;
        p.sleeping.fetch_add(1, std::memory_order_seq_cst);
        // Either a region opened since is seen here, or its caller sees that this thread sleeps.
        const int64_t asleep_at = now();
        if (p.opened.load(std::memory_order_seq_cst) == seen) sleep_while(p.opened, seen);
        p.sleeping.fetch_sub(1, std::memory_order_seq_cst);
        detector.sleep_ended(now() - asleep_at);
    }
}

/// Starts workers up to `count`; fewer if the system refuses, with another attempt after a second.
void grow(Pool& p, int count) {
    if (p.retry_at.load(std::memory_order_relaxed) > 0 && now() < p.retry_at.load(std::memory_order_relaxed)) return;
    if (p.growing.exchange(true, std::memory_order_acquire)) return;
    // Signals are handled by the threads of the program.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int number = p.workers.load(std::memory_order_relaxed) + 1; number <= count; number++) {
        pthread_t thread;
        // The caller is participant 0.
        if (pthread_create(&thread, &attributes, worker, reinterpret_cast<void*>(intptr_t(number))) != 0) {
            p.refused.store(true, std::memory_order_relaxed);
            p.retry_at.store(now() + 1'000'000 * microsecond, std::memory_order_relaxed);
            break;
        }
        p.workers.store(number, std::memory_order_relaxed);
    }
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    p.growing.store(false, std::memory_order_release);
}

/// The child of a fork has only the calling thread: it starts with an empty pool.
void reset_after_fork() {
    forked.store(true, std::memory_order_relaxed);
    for (Region& region : pool.regions) region.taken.store(false, std::memory_order_relaxed);
    pool.open.store(0, std::memory_order_relaxed);
    pool.sleeping.store(0, std::memory_order_relaxed);
    pool.polling.store(0, std::memory_order_relaxed);
    pool.workers.store(0, std::memory_order_relaxed);
    pool.reserved.store(0, std::memory_order_relaxed);
    pool.growing.store(false, std::memory_order_relaxed);
    pool.refused.store(false, std::memory_order_relaxed);
    pool.retry_at.store(0, std::memory_order_relaxed);
}

Region* take_region(Pool& p, int& index) {
    // A thread reuses its previous region, whose cache lines are in its cache.
    thread_local int preferred = -1;
    static std::atomic<int> next{0};
    if (preferred < 0) preferred = next.fetch_add(1, std::memory_order_relaxed) % max_regions;
    for (int i = 0; i < max_regions; i++) {
        index = (preferred + i) % max_regions;
        std::atomic<bool>& taken = p.regions[index].taken;
        if (!taken.load(std::memory_order_relaxed) && !taken.exchange(true, std::memory_order_acquire)) {
            preferred = index;
            return &p.regions[index];
        }
    }
    return nullptr;
}

/// The state of a calling thread for the regions that it starts.
struct Caller {
    LoadDetector detector;
    uint32_t regions = 0;
    /// The total duration of the last region of each body; bodies may share a slot.
    int64_t durations[64] = {};

    int64_t& duration(void (*body)(void*, int64_t)) {
        return durations[uint64_t(reinterpret_cast<uintptr_t>(body)) * 0x9E3779B97F4A7C15u >> 58];
    }
};
thread_local constinit Caller caller{};

/// Runs the caller's part of a region while other processes use the CPUs. Sleeping workers are woken if the remaining
/// work, estimated from the last region of this body and the finished pieces, is large enough.
uint32_t work_under_load(Pool& p, Region& region, int64_t pieces, int threads, int workers, int64_t started) {
    int64_t& duration = caller.duration(region.body);
    caller.detector.sample(started);
    bool woken = false;
    const auto wake_if = [&](bool pays) {
        if (!pays || woken) return;
        woken = true;
        wake(p.opened, workers);
    };
    wake_if(duration >= loaded_wake_threshold);
    int64_t elapsed = 0;
    const uint32_t done = region.work(0, threads, region.generation, [&](uint32_t done) {
        elapsed = now() - started;
        wake_if(elapsed * (pieces - done) >= loaded_wake_threshold * done);
        return true;
    });
    if (done) duration = elapsed * pieces / done;
    return done;
}

} // namespace

void note_failure() { ++failures; }
int64_t failures_noted() { return failures; }

bool runs_inline() { return thread_mode != ThreadMode::parallel; }
bool is_inside_piece() { return thread_mode == ThreadMode::inside; }
void run_as_piece(void (*body)(void*), void* context) {
    const ThreadMode before = thread_mode;
    thread_mode = ThreadMode::inside;
    body(context);
    thread_mode = before;
}
void run_inline_on_this_thread() {
    if (thread_mode == ThreadMode::parallel) thread_mode = ThreadMode::inline_only;
}
void reserve_thread() { pool.reserved.fetch_add(1, std::memory_order_relaxed); }
void release_thread() { pool.reserved.fetch_sub(1, std::memory_order_relaxed); }
void register_fork_handler() {
    static const int handler = pthread_atfork(nullptr, nullptr, reset_after_fork);
    (void)handler;
}
bool is_forked() { return forked.load(std::memory_order_relaxed); }
int workers_started() { return pool.workers.load(std::memory_order_relaxed); }
bool thread_creation_failed() { return pool.refused.load(std::memory_order_relaxed); }

void run_pieces(int64_t pieces, int threads, void (*body)(void*, int64_t), void* context) {
    int index;
    Pool& p = pool;
    const ThreadMode before = thread_mode;
    Region* taken = nullptr;
    if (before == ThreadMode::parallel) {
        threads = int(std::min<int64_t>({threads - p.reserved.load(std::memory_order_relaxed), pieces, max_threads}));
        if (threads > 1 && p.workers.load(std::memory_order_relaxed) < threads - 1) {
            register_fork_handler();
            grow(p, threads - 1);
        }
        if (threads > 1 && p.workers.load(std::memory_order_relaxed) > 0) taken = take_region(p, index);
    }
    // Pieces on one thread are also marked as such: nested work must be divided as on other threads.
    if (pieces > 1) thread_mode = ThreadMode::inside;
    if (!taken) {
        for (int64_t piece = 0; piece < pieces; piece++) body(context, piece);
        thread_mode = before;
        return;
    }
    Region& region = *taken;
    region.body = body;
    region.context = context;
    region.unfinished.store(uint32_t(pieces), std::memory_order_relaxed);
    const uint32_t generation = ++region.generation;
    for (int i = 0; i < threads; i++)
        region.shares[i].range.store(Share::word(generation, pieces * i / threads, pieces * (i + 1) / threads),
                                     std::memory_order_release);
    region.participants.store(uint64_t(generation) << 32 | uint64_t(threads) << 16 | 1, std::memory_order_release);
    p.open.fetch_or(uint64_t(1) << index, std::memory_order_release);
    p.opened.fetch_add(1, std::memory_order_seq_cst);
    int asleep = p.sleeping.load(std::memory_order_seq_cst);
    if (asleep) asleep = std::min(asleep, threads - 1 - p.polling.load(std::memory_order_seq_cst));
    if (++caller.regions % 16 == 0) caller.detector.sample(now());
    uint32_t done;
    if (const int64_t time = asleep > 0 ? now() : 0; asleep > 0 && is_loaded(time)) {
        done = work_under_load(p, region, pieces, threads, asleep, time);
    } else {
        if (asleep > 0) wake(p.opened, asleep);
        done = region.work(0, threads, generation, [](uint32_t) { return true; });
    }
    thread_mode = before;
    p.open.fetch_and(~(uint64_t(1) << index), std::memory_order_relaxed);
    uint32_t left = region.unfinished.fetch_sub(done, std::memory_order_acq_rel) - done;
    if (left) {
        const int64_t time = now();
        const auto ended = [&] { return region.unfinished.load(std::memory_order_acquire) == 0; };
        if (!poll(is_loaded(time) ? loaded_spin_limit : caller_spin_limit, time, ended)) {
            left = region.unfinished.fetch_or(Region::asleep, std::memory_order_acq_rel) | Region::asleep;
            while (left != Region::asleep) {
                const int64_t asleep_at = now();
                sleep_while(region.unfinished, left);
                caller.detector.sleep_ended(now() - asleep_at);
                left = region.unfinished.load(std::memory_order_acquire);
            }
        }
    }
    if (const int64_t noted = region.failures.load(std::memory_order_relaxed)) {
        failures += noted;
        region.failures.store(0, std::memory_order_relaxed);
    }
    region.taken.store(false, std::memory_order_release);
}

} // namespace tl
