#include "Support/Lapack.h"
#include "Support/Parallel.h"
#include "Support/ThreadPool.h"
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <initializer_list>
#include <pthread.h>

namespace tl {
namespace {

struct Loaded {
    LapackRoutines<float> singles;
    LapackRoutines<double> doubles;
    LapackRoutines<Complex<float>> complex_singles;
    LapackRoutines<Complex<double>> complex_doubles;
    bool complete;
} loaded;

pthread_once_t once = PTHREAD_ONCE_INIT;

template <class Function>
bool find(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    return function != nullptr;
}

template <class T>
bool find_common(void* library, char letter, const char* orgqr, CommonRoutines<T>& r) {
    char name[16];
    const auto with_prefix = [&](const char* rest) {
        name[0] = letter;
        std::strcpy(name + 1, rest);
        return name;
    };
    return find(library, with_prefix("getrf_"), r.getrf) && find(library, with_prefix("getrs_"), r.getrs) &&
           find(library, with_prefix("getri_"), r.getri) && find(library, with_prefix("potrf_"), r.potrf) &&
           find(library, with_prefix("sytrf_"), r.sytrf) && find(library, with_prefix("sytrs_"), r.sytrs) &&
           find(library, with_prefix("geqrf_"), r.geqrf) && find(library, with_prefix(orgqr), r.orgqr) &&
           find(library, with_prefix("trsm_"), r.trsm);
}

bool load_from(void* library) {
    auto &s = loaded.singles;
    auto &d = loaded.doubles;
    auto &c = loaded.complex_singles;
    auto &z = loaded.complex_doubles;
    return find_common(library, 's', "orgqr_", s) && find_common(library, 'd', "orgqr_", d) &&
           find_common(library, 'c', "ungqr_", c) && find_common(library, 'z', "ungqr_", z) &&
           find(library, "sgesdd_", s.gesdd) && find(library, "dgesdd_", d.gesdd) &&
           find(library, "cgesdd_", c.gesdd) && find(library, "zgesdd_", z.gesdd) &&
           find(library, "ssyevd_", s.syevd) && find(library, "dsyevd_", d.syevd) &&
           find(library, "cheevd_", c.syevd) && find(library, "zheevd_", z.syevd) &&
           find(library, "chetrf_", c.hetrf) && find(library, "zhetrf_", z.hetrf) &&
           find(library, "chetrs_", c.hetrs) && find(library, "zhetrs_", z.hetrs) &&
           find(library, "cgeev_", c.geev) && find(library, "zgeev_", z.geev) &&
           find(library, "cgemm_", c.gemm) && find(library, "zgemm_", z.gemm);
}

void load() {
    // OpenBLAS includes LAPACK; otherwise the LAPACK library resolves the BLAS symbols.
    for (const char* name : {"libopenblas.so.0", "liblapack.so.3", "libopenblas.dylib"}) {
        void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        if (!load_from(library)) continue;
        // An OpenBLAS with its own pool (1) would compete with the thread pool of this library; with OpenMP (2) it
        // starts as many threads as `LibraryThreads` sets.
        int (*kind)();
        void (*set_threads)(int);
        if (find(library, "openblas_get_parallel", kind) && kind() == 1 &&
            find(library, "openblas_set_num_threads", set_threads))
            set_threads(1);
        loaded.complete = true;
        return;
    }
}

/// Whether the system allows this process to start `count` more threads. They are started at the same time, then end.
bool can_start_threads(int count) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[max_threads];
    int started = 0;
    pthread_mutex_lock(&gate);
    const auto pass = [](void* gate) -> void* {
        pthread_mutex_lock(static_cast<pthread_mutex_t*>(gate));
        pthread_mutex_unlock(static_cast<pthread_mutex_t*>(gate));
        return nullptr;
    };
    while (started < count && pthread_create(&threads[started], nullptr, pass, &gate) == 0) started++;
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < started; i++) pthread_join(threads[i], nullptr);
    return started == count;
}

} // namespace

#define TL_ROUTINES(T, member)                                                                                         \
    template <>                                                                                                        \
    const LapackRoutines<T>* lapack<T>() {                                                                             \
        pthread_once(&once, load);                                                                                     \
        return loaded.complete ? &loaded.member : nullptr;                                                             \
    }
TL_ROUTINES(float, singles)
TL_ROUTINES(double, doubles)
TL_ROUTINES(Complex<float>, complex_singles)
TL_ROUTINES(Complex<double>, complex_doubles)
#undef TL_ROUTINES

int factorisation_threads() {
    // OpenMP keeps the threads that it started for a thread until that thread ends.
    static thread_local int known = 1;
    register_fork_handler();
    // GNU OpenMP in the child would wait for the threads of the parent.
    if (is_forked()) return 1;
    const int count = tl_num_threads();
    if (count > known && !can_start_threads(count - 1)) return known;
    known = std::max(known, count);
    return count;
}

} // namespace tl
