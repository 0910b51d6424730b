// Tests of the thread pool and of the allocator that run without Swift, so that ThreadSanitizer sees all of the program.
// `make test-threads` builds and runs them. With the argument "time" the program prints what a region costs instead.
#include "Support/ThreadPool.h"
#include "include/tl_support.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace tl;

static int failures = 0;

#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            failures++;                                                                                                \
            std::printf("%s:%d: %s is false: ", __FILE__, __LINE__, #condition);                                       \
            std::printf(__VA_ARGS__);                                                                                  \
            std::printf("\n");                                                                                         \
        }                                                                                                              \
    } while (0)

/// Every piece runs once, and what it wrote (without atomics) is seen by the caller.
static void each_piece_once() {
    for (const int threads : {1, 2, 3, 7})
        for (const int64_t pieces : {int64_t(0), int64_t(1), int64_t(2), int64_t(5), int64_t(64), int64_t(1000), max_pieces})
            for (int round = 0; round < 20; round++) {
                std::vector<int> calls(size_t(pieces), 0);
                run_pieces(pieces, threads, [&](int64_t piece) { calls[size_t(piece)] += 1; });
                for (int64_t i = 0; i < pieces; i++)
                    EXPECT(calls[size_t(i)] == 1, "threads %d, pieces %ld, piece %ld", threads, long(pieces), long(i));
            }
}

/// Many threads use the pool at once; each sees its own results.
static void many_callers() {
    constexpr int callers = 100;  // more than there are regions
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int c = 0; c < callers; c++)
        threads.emplace_back([c, &wrong] {
            for (int round = 0; round < 50; round++) {
                int64_t squares[24] = {};
                run_pieces(24, 4, [&](int64_t piece) { squares[piece] = (piece + c) * (piece + c); });
                for (int64_t i = 0; i < 24; i++)
                    if (squares[i] != (i + c) * (i + c)) wrong++;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT(wrong == 0, "%d results", wrong.load());
}

/// A region inside of a piece runs on the thread of the piece.
static void nested() {
    std::atomic<int> elsewhere{0};
    run_pieces(8, 4, [&](int64_t) {
        EXPECT(runs_inline() && is_inside_piece(), "inside of a piece");
        const auto here = std::this_thread::get_id();
        run_pieces(8, 4, [&](int64_t) { elsewhere += std::this_thread::get_id() != here; });
    });
    EXPECT(elsewhere == 0, "%d pieces", elsewhere.load());
    EXPECT(!runs_inline(), "after the region");
    std::thread([&] {
        run_inline_on_this_thread();
        EXPECT(runs_inline() && !is_inside_piece(), "a marked thread");
        const auto here = std::this_thread::get_id();
        run_pieces(64, 4, [&](int64_t) {
            EXPECT(is_inside_piece(), "inside of a piece of a marked thread");
            elsewhere += std::this_thread::get_id() != here;
        });
        EXPECT(runs_inline() && !is_inside_piece(), "a marked thread after its region");
    }).join();
    EXPECT(elsewhere == 0, "%d pieces of a marked thread", elsewhere.load());
}

/// A region ends although a worker hangs in a piece of another region.
static void no_waiting_for_others() {
    std::atomic<bool> release{false}, held{false};
    std::thread other([&] {
        run_pieces(2, 2, [&](int64_t) {
            held = true;
            while (!release) std::this_thread::yield();
        });
    });
    while (!held) std::this_thread::yield();
    for (int round = 0; round < 100; round++) {
        std::atomic<int64_t> sum{0};
        run_pieces(16, 2, [&](int64_t piece) { sum += piece; });
        EXPECT(sum == 120, "sum %ld", long(sum.load()));
    }
    release = true;
    other.join();
}

/// The pieces that run at once, at most.
static int most_at_once(int threads) {
    std::atomic<int> running{0}, most{0};
    run_pieces(64, threads, [&](int64_t) {
        const int now = ++running;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {}
        // Time for others to come.
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        running--;
    });
    return most;
}

/// Threads that are reserved are not used beside; the calling thread always is.
static void reserved() {
    EXPECT(most_at_once(4) <= 4, "of 4");
    for (int count = 1; count <= 6; count++) {
        reserve_thread();
        const int most = most_at_once(4), allowed = std::max(4 - count, 1);
        EXPECT(most <= allowed, "%d at once, %d of 4 reserved", most, count);
    }
    for (int count = 1; count <= 6; count++) release_thread();
    const int64_t before = workers_started();
    EXPECT(most_at_once(3) >= 1 && workers_started() == before, "after release");
}

/// Pieces inside of a piece are told so whether the region had other threads or not: with more callers than regions, some have
/// none.
static void alone_as_in_company() {
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int c = 0; c < 100; c++)
        threads.emplace_back([&wrong] {
            for (int round = 0; round < 20; round++)
                run_pieces(4, 2, [&](int64_t) {
                    if (!is_inside_piece()) wrong++;
                });
            run_pieces(1, 2, [&](int64_t) {
                if (is_inside_piece()) wrong++;
            });
        });
    for (auto& thread : threads) thread.join();
    EXPECT(wrong == 0, "%d pieces", wrong.load());
}

/// Workers that are busy with one region go to another that opens, piece by piece.
static void fair() {
    std::atomic<bool> stop{false}, begun{false};
    std::atomic<int> helped{0};
    const auto pause = [] { std::this_thread::sleep_for(std::chrono::microseconds(100)); };
    std::thread other([&] {
        // With every worker in it.
        run_pieces(max_pieces, workers_started() + 1, [&](int64_t) {
            begun = true;
            if (!stop) pause();
        });
    });
    while (!begun) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto here = std::this_thread::get_id();
    for (int round = 0; round < 1000 && helped == 0; round++)
        run_pieces(8, 3, [&](int64_t) {
            pause();
            if (std::this_thread::get_id() != here) helped++;
        });
    EXPECT(helped > 0 && !stop, "no worker came");
    stop = true;
    other.join();
}

/// Blocks of the allocator that one thread takes and another gives back.
static void blocks_change_threads() {
    constexpr int count = 400;
    std::vector<void*> blocks(count, nullptr);
    for (int round = 0; round < 50; round++) {
        const auto size = [&](int64_t i) { return size_t(64 + (i * 977 + round * 131) % 20000); };
        run_pieces(count, 4, [&](int64_t i) {
            blocks[size_t(i)] = tl_allocate(size(i));
            std::memset(blocks[size_t(i)], int(i), size(i));
        });
        run_pieces(count, 4, [&](int64_t i) {
            const auto* bytes = static_cast<const unsigned char*>(blocks[size_t(count - 1 - i)]);
            const int64_t number = count - 1 - i;
            EXPECT(bytes[0] == (unsigned char)(number) && bytes[size(number) - 1] == (unsigned char)(number), "block %ld",
                   long(number));
            tl_deallocate(blocks[size_t(number)], size(number));
        });
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; t++)
        threads.emplace_back([] {
            for (int i = 0; i < 2000; i++) {
                void* block = tl_allocate(size_t(1) << (6 + i % 14));
                tl_deallocate(block, size_t(1) << (6 + i % 14));
                if (i % 500 == 0) tl_empty_cache();
            }
        });
    for (auto& thread : threads) thread.join();
}

/// A thread gets the block that it freed, also if another thread freed one of the same size later.
static void blocks_return_to_their_thread() {
    for (const size_t size : {size_t(40) << 10, size_t(200) << 10, size_t(3) << 20}) {
        void* const own = tl_allocate(size);
        void* const given_away = tl_allocate(size);
        tl_deallocate(own, size);
        std::thread([&] { tl_deallocate(given_away, size); }).join();
        void* const again = tl_allocate(size);
        EXPECT(again == own, "size %zu", size);
        tl_deallocate(again, size);
    }
}

/// Mapped blocks of one size begin at different offsets in a page, at multiples of a cache line.
static void blocks_begin_at_different_offsets() {
    constexpr size_t size = size_t(1) << 20;
    std::vector<void*> blocks;
    std::vector<size_t> offsets;
    for (int i = 0; i < 8; i++) {
        blocks.push_back(tl_allocate(size));
        std::memset(blocks.back(), i, size);
        offsets.push_back(reinterpret_cast<uintptr_t>(blocks.back()) % 4096);
        EXPECT(offsets.back() % 64 == 0, "offset %zu", offsets.back());
    }
    for (void* block : blocks) tl_deallocate(block, size);
    tl_empty_cache();
    std::sort(offsets.begin(), offsets.end());
    EXPECT(std::unique(offsets.begin(), offsets.end()) == offsets.end(), "equal offsets");
}

// ThreadSanitizer does not follow a program that forks while it has threads.
#if !defined(__SANITIZE_THREAD__)

/// Whether a child exits with 0 within a minute.
static bool ended_well(pid_t child) {
    for (int waited = 0; waited < 6000; waited++) {
        int status;
        if (waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return false;
}

/// The child of a fork has a pool of its own.
static void after_fork() {
    const pid_t child = fork();
    if (child == 0) {
        std::atomic<int64_t> sum{0};
        run_pieces(100, 3, [&](int64_t piece) { sum += piece; });
        if (sum != 4950 || workers_started() == 0 || !is_forked()) _exit(1);
        // The blocks of its threads are counted among its own.
        blocks_change_threads();
        _exit(tl_memory().allocated >= 0 && failures == 0 ? 0 : 2);
    }
    EXPECT(!is_forked(), "the parent");
    EXPECT(ended_well(child), "the child");
}

/// Processes fork while other threads take and give blocks: no lock stays held in the child.
static void forks_beside_allocations() {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; t++)
        threads.emplace_back([&] {
            while (!stop)
                for (int i = 0; i < 200; i++) {
                    const size_t size = size_t(1) << (6 + i % 18);
                    tl_deallocate(tl_allocate(size), size);
                    if (i % 100 == 0) tl_empty_cache();
                }
        });
    for (int round = 0; round < 20; round++) {
        const pid_t child = fork();
        if (child == 0) {
            blocks_change_threads();
            _exit(tl_memory().allocated >= 0 && failures == 0 ? 0 : 1);
        }
        EXPECT(ended_well(child), "round %d", round);
    }
    stop = true;
    for (auto& thread : threads) thread.join();
}

/// Without threads to be had, regions run on the calling thread. In a child, whose user may start no more.
static void without_threads() {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit none{0, 0};
        setrlimit(RLIMIT_NPROC, &none);
        if (getuid() == 0 && setuid(65534) != 0) _exit(0);
        std::atomic<int64_t> sum{0};
        run_pieces(100, 4, [&](int64_t piece) { sum += piece; });
        _exit(sum == 4950 && thread_creation_failed() ? 0 : 1);
    }
    EXPECT(ended_well(child), "the child");
}

#endif

/// A pool that has nothing to do uses no processor.
static void idle() {
    run_pieces(64, 4, [](int64_t) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    getrusage(RUSAGE_SELF, &after);
    const auto used = [](const rusage& u) {
        return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + double(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    };
    EXPECT(used(after) - used(before) < 30'000, "%.0f microseconds of 300,000", used(after) - used(before));
}

// MARK: What a region costs

/// Work of some nanoseconds for the processor that nobody can leave out.
static void compute(int rounds) {
    double value = 1;
    for (int i = 0; i < rounds; i++) value = value * 1.0000001 + 1e-9;
    asm volatile("" : : "m"(value));
}

/// Prints the median and the mean of the time of one region of a kind that `run` starts, `apart` rounds of work lying between two.
template <class Run>
static void print_cost(const char* name, int apart, Run&& run) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> times;
    const auto until = Clock::now() + std::chrono::seconds(2);
    while (Clock::now() < until) {
        compute(apart);
        const auto begin = Clock::now();
        run();
        times.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count());
    }
    double sum = 0;
    for (const double time : times) sum += time;
    std::sort(times.begin(), times.end());
    std::printf("%-44s %9.0f ns median %9.0f ns mean\n", name, times[times.size() / 2], sum / double(times.size()));
}

static void print_costs() {
    using Parallel = void (*)(void (*)(void*), void*, unsigned, unsigned);
    void* const openmp = dlopen("libgomp.so.1", RTLD_NOW);
    const auto gnu = openmp ? reinterpret_cast<Parallel>(dlsym(openmp, "GOMP_parallel")) : nullptr;
    for (const int apart : {0, 100'000})
        for (const int work : {0, 20'000}) {
            char name[80];
            const char* const when = apart ? "with pauses" : "one after the other";
            const auto named = [&](const char* what) {
                std::snprintf(name, sizeof name, "%s, %s, %s", what, work ? "work" : "empty", when);
                return name;
            };
            for (const int pieces : {2, 8})
                print_cost(named(pieces == 2 ? "2 pieces" : "8 pieces"), apart,
                           [&] { run_pieces(pieces, 2, [&](int64_t) { compute(work / pieces); }); });
            int half = work / 2;
            if (gnu)
                print_cost(named("GNU OpenMP"), apart, [&] {
                    gnu([](void* half) { compute(*static_cast<int*>(half)); }, &half, 2, 0);
                });
        }
}

int main(int count, char** arguments) {
    if (count > 1 && std::strcmp(arguments[1], "time") == 0) {
        print_costs();
        return 0;
    }
    each_piece_once();
    many_callers();
    nested();
    reserved();
    alone_as_in_company();
    fair();
    no_waiting_for_others();
    blocks_change_threads();
    blocks_return_to_their_thread();
    blocks_begin_at_different_offsets();
    idle();
#if !defined(__SANITIZE_THREAD__)
    after_fork();
    forks_beside_allocations();
    without_threads();
#endif
    if (failures == 0) std::printf("All tests of the thread pool and the allocator passed.\n");
    return failures == 0 ? 0 : 1;
}
