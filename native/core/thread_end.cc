// Destructors of thread-local variables under every C library of Linux (ANNEAL_ANY_LIBC): glibc keeps a list of them, musl does not.
#ifdef ANNEAL_ANY_LIBC
#include <pthread.h>

#include <cstdlib>

namespace {

struct AtEnd {
  void (*destroy)(void*);
  void* object;
  AtEnd* before;
};

pthread_key_t key;
pthread_once_t once = PTHREAD_ONCE_INIT;

// The last one first. A destructor may register others, for which pthreads calls this again.
void run(void* list) {
  for (auto* each = static_cast<AtEnd*>(list); each;) {
    AtEnd* const before = each->before;
    each->destroy(each->object);
    std::free(each);
    each = before;
  }
}

}  // namespace

extern "C" {

__attribute__((weak)) int __cxa_thread_atexit_impl(void (*destroy)(void*), void* object, void* library);

// What the compiler calls when such a variable is made (Itanium C++ ABI, 3.3.6.2). In the place of the C++ library's own, which needs
// glibc's function.
int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* library) {
  if (__cxa_thread_atexit_impl) return __cxa_thread_atexit_impl(destroy, object, library);
  pthread_once(&once, [] { pthread_key_create(&key, run); });
  auto* const entry = static_cast<AtEnd*>(std::malloc(sizeof(AtEnd)));
  if (!entry) return -1;
  *entry = {destroy, object, static_cast<AtEnd*>(pthread_getspecific(key))};
  return pthread_setspecific(key, entry);
}
}
#endif
