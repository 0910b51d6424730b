#include "Support/ThreadPool.h"
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

int64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void sleep_while(std::atomic<uint32_t>& word, uint32_t value) {
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}
void wake(std::atomic<uint32_t>& word, int count) {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

// MARK: Whether other work wants the processors

constexpr int64_t microsecond = 1'000;
/// How long a worker polls for work before it sleeps: waking it takes some 5 to 50 microseconds.
constexpr int64_t worker_patience = 50 * microsecond;
/// How long a caller polls for the end of pieces that workers are in the middle of.
constexpr int64_t caller_patience = 100 * microsecond;
/// Either while others want the processors. Who polls then uses up the time that the system would give it for work.
constexpr int64_t crowded_patience = 1 * microsecond;
/// How long after a sign of other work the processors count as crowded.
constexpr int64_t crowded_memory = 50'000 * microsecond;

std::atomic<int64_t> crowded_until{0};

bool is_crowded(int64_t time) { return time < crowded_until.load(std::memory_order_relaxed); }
void note_crowd(int64_t time) { crowded_until.store(time + crowded_memory, std::memory_order_relaxed); }

/// Notices that the system took the processor from this thread to give it to another.
class CrowdSensor {
  public:
    /// Asks the system, but not more than once in `interval`.
    void look(int64_t time) {
        if (time - looked < interval) return;
        rusage usage;
        if (getrusage(RUSAGE_THREAD, &usage) != 0) return;
        // One switch in a while happens on a quiet machine too.
        if (usage.ru_nivcsw - switches >= 2 * (1 + (time - looked) / (20 * interval)) && looked != 0) note_crowd(time);
        switches = usage.ru_nivcsw;
        looked = time;
    }

  private:
    static constexpr int64_t interval = 10'000 * microsecond;
    int64_t looked = 0;
    long switches = 0;
};

/// Polls until done() or for `patience`; false where time ran out.
template <class Done>
bool poll(int64_t patience, int64_t started, Done&& done) {
    for (int64_t last = started;;) {
        for (int i = 0; i < 16; i++) {
            if (done()) return true;
            pause_processor();
        }
        const int64_t time = now();
        // A pause takes a fraction of a microsecond: in between, another thread ran here.
        if (time - last > 500 * microsecond) note_crowd(time);
        if (time - started > patience) return done();
        last = time;
    }
}

// MARK: Regions

/// The pieces of a region that one participant takes first: generation, first and last in one word, so that a claim
/// by a thread that looks at a region of long ago fails.
struct alignas(64) Share {
    std::atomic<uint64_t> range{0};

    static uint64_t word(uint32_t generation, int64_t first, int64_t last) {
        return uint64_t(generation) << 32 | uint64_t(first) << 16 | uint64_t(last);
    }

    /// A piece from the front, for the participant whose share it is, or from the back, for others; -1 where none is left.
    int64_t claim(bool own) {
        uint64_t value = range.load(std::memory_order_acquire);
        for (;;) {
            const int64_t first = int64_t(value >> 16 & 0xFFFF), last = int64_t(value & 0xFFFF);
            if (first >= last) return -1;
            const uint32_t generation = uint32_t(value >> 32);
            const uint64_t rest = own ? word(generation, first + 1, last) : word(generation, first, last - 1);
            if (range.compare_exchange_weak(value, rest, std::memory_order_acquire, std::memory_order_acquire))
                return own ? first : last - 1;
        }
    }
};

/// A region in progress. Regions lie in memory that is never freed, because a worker may look at one that has ended.
struct alignas(64) Region {
    std::atomic<bool> taken{false};
    uint32_t generation = 0;  // of the thread that has taken it
    // Read by others only after they have claimed a piece, which keeps the region from ending.
    void (*body)(void*, int64_t) = nullptr;
    void* context = nullptr;
    /// The most threads that work on it, the caller included, and how many have come.
    std::atomic<int32_t> participants{0}, joined{0};
    /// Pieces that have not returned, and a flag that the caller sleeps.
    alignas(64) std::atomic<uint32_t> unfinished{0};
    Share shares[most_threads];

    static constexpr uint32_t asleep = uint32_t(1) << 31;

    /// Runs pieces until none is left to take; how many.
    uint32_t work(int self) {
        const int count = participants.load(std::memory_order_acquire);
        uint32_t done = 0;
        for (int i = 0; i < count; i++) {
            const int share = (self + i) % count;
            for (int64_t piece; (piece = shares[share].claim(i == 0)) >= 0; done++) body(context, piece);
        }
        return done;
    }

    /// Counts pieces as returned. The region may have ended when this returns.
    void finish(uint32_t pieces) {
        const uint32_t left = unfinished.fetch_sub(pieces, std::memory_order_acq_rel) - pieces;
        if (left == asleep) wake(unfinished, 1);
    }
};

constexpr int most_regions = 64;

struct Pool {
    Region regions[most_regions];
    /// A bit for each region that may have pieces to take.
    alignas(64) std::atomic<uint64_t> open{0};
    /// Counts regions as they open; workers sleep on it.
    alignas(64) std::atomic<uint32_t> opened{0};
    alignas(64) std::atomic<int32_t> sleeping{0};
    std::atomic<int32_t> polling{0};
    alignas(64) std::atomic<int32_t> workers{0};
    std::atomic<bool> growing{false};
    std::atomic<bool> refused{false};
    std::atomic<int64_t> retry_at{0};
};

// All zeros, so that only what is used of it takes memory; without a destructor, because workers outlive main.
constinit Pool pool{};

thread_local bool is_inline = false;

/// The region with something to do for `self`, beginning after `cursor`, so that regions take turns.
bool serve(Pool& p, int self, int& cursor) {
    bool worked = false;
    uint64_t open = p.open.load(std::memory_order_acquire);
    while (open) {
        const uint64_t after = cursor < 63 ? open & ~((uint64_t(2) << cursor) - 1) : 0;
        const int index = __builtin_ctzll(after ? after : open);
        open &= ~(uint64_t(1) << index);
        Region& region = p.regions[index];
        cursor = index;
        const int participants = region.participants.load(std::memory_order_acquire);
        if (region.joined.fetch_add(1, std::memory_order_relaxed) >= participants) continue;
        if (const uint32_t done = region.work(self)) {
            region.finish(done);
            worked = true;
        }
    }
    return worked;
}

void* worker(void* argument) {
    Pool& p = pool;
    const int self = int(reinterpret_cast<intptr_t>(argument));
    is_inline = true;
    CrowdSensor sensor;
    int cursor = self % most_regions;
    for (;;) {
        const uint32_t seen = p.opened.load(std::memory_order_seq_cst);
        if (serve(p, self, cursor)) continue;
        const int64_t time = now();
        sensor.look(time);
        p.polling.fetch_add(1, std::memory_order_seq_cst);
        const bool found = poll(is_crowded(time) ? crowded_patience : worker_patience, time,
                                [&] { return p.opened.load(std::memory_order_relaxed) != seen; });
        p.polling.fetch_sub(1, std::memory_order_seq_cst);
        if (found) continue;
        p.sleeping.fetch_add(1, std::memory_order_seq_cst);
        // What opened since is seen here, or its caller sees that this thread sleeps.
        if (p.opened.load(std::memory_order_seq_cst) == seen) sleep_while(p.opened, seen);
        p.sleeping.fetch_sub(1, std::memory_order_seq_cst);
    }
}

/// Starts workers up to `count`; fewer where the system refuses, which is tried again after a second.
void grow(Pool& p, int count) {
    if (p.retry_at.load(std::memory_order_relaxed) > 0 && now() < p.retry_at.load(std::memory_order_relaxed)) return;
    if (p.growing.exchange(true, std::memory_order_acquire)) return;
    // Signals go to the threads of the program.
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

/// The child of a fork has the calling thread only: it starts with an empty pool.
void start_afresh() {
    for (Region& region : pool.regions) region.taken.store(false, std::memory_order_relaxed);
    pool.open.store(0, std::memory_order_relaxed);
    pool.sleeping.store(0, std::memory_order_relaxed);
    pool.polling.store(0, std::memory_order_relaxed);
    pool.workers.store(0, std::memory_order_relaxed);
    pool.growing.store(false, std::memory_order_relaxed);
    pool.refused.store(false, std::memory_order_relaxed);
    pool.retry_at.store(0, std::memory_order_relaxed);
}

Region* take_region(Pool& p, int& index) {
    // A thread comes back to the region that it had, whose lines are in its cache.
    thread_local int preferred = -1;
    static std::atomic<int> next{0};
    if (preferred < 0) preferred = next.fetch_add(1, std::memory_order_relaxed) % most_regions;
    for (int i = 0; i < most_regions; i++) {
        index = (preferred + i) % most_regions;
        std::atomic<bool>& taken = p.regions[index].taken;
        if (!taken.load(std::memory_order_relaxed) && !taken.exchange(true, std::memory_order_acquire)) {
            preferred = index;
            return &p.regions[index];
        }
    }
    return nullptr;
}

} // namespace

bool runs_inline() { return is_inline; }
void keep_on_this_thread() { is_inline = true; }
int workers_started() { return pool.workers.load(std::memory_order_relaxed); }
bool thread_creation_failed() { return pool.refused.load(std::memory_order_relaxed); }

void run_pieces(int64_t pieces, int threads, void (*body)(void*, int64_t), void* context) {
    threads = int(std::min<int64_t>({threads, pieces, most_threads}));
    int index;
    Pool& p = pool;
    if (threads > 1 && !is_inline && p.workers.load(std::memory_order_relaxed) < threads - 1) {
        static const int fork_handler = pthread_atfork(nullptr, nullptr, start_afresh);
        (void)fork_handler;
        grow(p, threads - 1);
    }
    Region* const taken =
        threads > 1 && !is_inline && p.workers.load(std::memory_order_relaxed) > 0 ? take_region(p, index) : nullptr;
    if (!taken) {
        for (int64_t piece = 0; piece < pieces; piece++) body(context, piece);
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
    region.joined.store(1, std::memory_order_relaxed);
    region.participants.store(threads, std::memory_order_release);
    p.open.fetch_or(uint64_t(1) << index, std::memory_order_release);
    p.opened.fetch_add(1, std::memory_order_seq_cst);
    if (const int asleep = p.sleeping.load(std::memory_order_seq_cst)) {
        const int wanted = threads - 1 - p.polling.load(std::memory_order_seq_cst);
        if (wanted > 0) wake(p.opened, std::min(wanted, asleep));
    }

    is_inline = true;
    const uint32_t done = region.work(0);
    is_inline = false;
    p.open.fetch_and(~(uint64_t(1) << index), std::memory_order_relaxed);
    uint32_t left = region.unfinished.fetch_sub(done, std::memory_order_acq_rel) - done;
    if (left) {
        const int64_t time = now();
        const auto ended = [&] { return region.unfinished.load(std::memory_order_acquire) == 0; };
        if (!poll(is_crowded(time) ? crowded_patience : caller_patience, time, ended)) {
            left = region.unfinished.fetch_or(Region::asleep, std::memory_order_acq_rel) | Region::asleep;
            while (left != Region::asleep) {
                sleep_while(region.unfinished, left);
                left = region.unfinished.load(std::memory_order_acquire);
            }
        }
    }
    region.taken.store(false, std::memory_order_release);
}

} // namespace tl
