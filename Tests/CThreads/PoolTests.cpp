// Tests of the thread pool and of the allocator that run without Swift, so that ThreadSanitizer sees all of the program.
// `make test-threads` builds and runs them. With the argument "time" the program prints what a region costs instead.
#include "Support/ThreadPool.h"
#include "include/tl_support.h"
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
        for (const int64_t pieces : {int64_t(0), int64_t(1), int64_t(2), int64_t(5), int64_t(64), int64_t(1000), most_pieces})
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
        EXPECT(runs_inline(), "inside of a piece");
        const auto here = std::this_thread::get_id();
        run_pieces(8, 4, [&](int64_t) { elsewhere += std::this_thread::get_id() != here; });
    });
    EXPECT(elsewhere == 0, "%d pieces", elsewhere.load());
    EXPECT(!runs_inline(), "after the region");
    std::thread([&] {
        keep_on_this_thread();
        const auto here = std::this_thread::get_id();
        run_pieces(64, 4, [&](int64_t) { elsewhere += std::this_thread::get_id() != here; });
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

/// The child of a fork has a pool of its own.
static void after_fork() {
    const pid_t child = fork();
    if (child == 0) {
        std::atomic<int64_t> sum{0};
        run_pieces(100, 3, [&](int64_t piece) { sum += piece; });
        _exit(sum == 4950 && workers_started() > 0 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
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
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

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

static double nanoseconds_of_region(int pieces) {
    const auto begin = std::chrono::steady_clock::now();
    constexpr int rounds = 200'000;
    for (int i = 0; i < rounds; i++) run_pieces(pieces, 2, [](int64_t) {});
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / rounds;
}

int main(int count, char** arguments) {
    if (count > 1 && std::strcmp(arguments[1], "time") == 0) {
        for (const int pieces : {2, 8}) std::printf("%d empty pieces on 2 threads: %.0f ns\n", pieces, nanoseconds_of_region(pieces));
        return 0;
    }
    each_piece_once();
    many_callers();
    nested();
    no_waiting_for_others();
    blocks_change_threads();
    idle();
#if !defined(__SANITIZE_THREAD__)
    // ThreadSanitizer does not follow a program that forks while it has threads.
    after_fork();
    without_threads();
#endif
    if (failures == 0) std::printf("All tests of the thread pool and the allocator passed.\n");
    return failures == 0 ? 0 : 1;
}
