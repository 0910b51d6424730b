// Functions of the Swift runtime that Swift code cannot name: what is needed to copy an object property by property.
#ifndef TL_RUNTIME_H
#define TL_RUNTIME_H

#include "tl_thread.h"
#include <stddef.h>

/// A new object of a class, its properties not initialised, with one reference to it.
void* tl_allocate_object(const void* metadata, size_t size, size_t align_mask);
/// Initialises a weak reference with another.
void tl_copy_weak(void* copy, void* source);
/// The object of a weak reference with one more reference to it, or NULL.
void* tl_load_weak(void* reference);
/// Lets a weak reference refer to an object.
void tl_assign_weak(void* reference, void* object);

#endif
