#include "Linalg/Matrices.h"
#include <dlfcn.h>
#include <initializer_list>
#include <pthread.h>

namespace tl {
namespace {

struct Loaded {
    LapackRoutines<float> singles;
    LapackRoutines<double> doubles;
    bool complete;
} loaded;

pthread_once_t once = PTHREAD_ONCE_INIT;

template <class Function>
bool find(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
    return function != nullptr;
}

bool load_from(void* library) {
    auto& s = loaded.singles;
    auto& d = loaded.doubles;
    return find(library, "sgetrf_", s.getrf) && find(library, "dgetrf_", d.getrf) &&
           find(library, "sgetrs_", s.getrs) && find(library, "dgetrs_", d.getrs) &&
           find(library, "sgetri_", s.getri) && find(library, "dgetri_", d.getri) &&
           find(library, "spotrf_", s.potrf) && find(library, "dpotrf_", d.potrf) &&
           find(library, "sgeqrf_", s.geqrf) && find(library, "dgeqrf_", d.geqrf) &&
           find(library, "sorgqr_", s.orgqr) && find(library, "dorgqr_", d.orgqr) &&
           find(library, "sgesdd_", s.gesdd) && find(library, "dgesdd_", d.gesdd) &&
           find(library, "ssyevd_", s.syevd) && find(library, "dsyevd_", d.syevd) &&
           find(library, "strsm_", s.trsm) && find(library, "dtrsm_", d.trsm);
}

void load() {
    // OpenBLAS brings both; elsewhere LAPACK's own library finds the symbols of the BLAS that it is linked with.
    for (const char* name : {"libopenblas.so.0", "liblapack.so.3", "libopenblas.dylib"}) {
        void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!library) continue;
        if (!load_from(library)) continue;
        // Built on a pool of its own (1), the library would fight ours for the processors; built on OpenMP (2) it starts
        // as many threads as `LibraryThreads` says.
        int (*kind)();
        void (*set_threads)(int);
        if (find(library, "openblas_get_parallel", kind) && kind() == 1 &&
            find(library, "openblas_set_num_threads", set_threads))
            set_threads(1);
        loaded.complete = true;
        return;
    }
}

/// Whether the system lets this process start `count` threads more. They all live at once, then end.
bool can_start_threads(int count) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[most_threads];
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

template <>
const LapackRoutines<float>* lapack<float>() {
    pthread_once(&once, load);
    return loaded.complete ? &loaded.singles : nullptr;
}

template <>
const LapackRoutines<double>* lapack<double>() {
    pthread_once(&once, load);
    return loaded.complete ? &loaded.doubles : nullptr;
}

int factorisation_threads() {
    // OpenMP keeps the threads that it started for a thread until that ends.
    static thread_local int known = 1;
    watch_forks();
    // GNU OpenMP would wait for the threads that it had in the parent.
    if (is_forked()) return 1;
    const int count = tl_num_threads();
    if (count > known && !can_start_threads(count - 1)) return known;
    known = std::max(known, count);
    return count;
}

} // namespace tl
