#include "tl_runtime.h"

// Declared as in the runtime's own headers (swift/Runtime/HeapObject.h), which are not installed.
extern void* swift_allocObject(const void* metadata, size_t size, size_t align_mask);
extern void* swift_weakCopyInit(void* copy, void* source);
extern void* swift_weakLoadStrong(void* reference);
extern void* swift_weakAssign(void* reference, void* object);

void* tl_allocate_object(const void* metadata, size_t size, size_t align_mask) {
    return swift_allocObject(metadata, size, align_mask);
}
void tl_copy_weak(void* copy, void* source) { swift_weakCopyInit(copy, source); }
void* tl_load_weak(void* reference) { return swift_weakLoadStrong(reference); }
void tl_assign_weak(void* reference, void* object) { swift_weakAssign(reference, object); }
