// Small objects that come and go with every operator: each thread keeps a few freed ones for reuse, which is cheaper than
// the general allocator by a good part of an operator's cost.
#pragma once
#include <cstddef>
#include <new>

#include "core/thread_local.h"

namespace anneal {

template <class T>
class Pooled {
 public:
  static void* operator new(size_t size) {
    if (size != sizeof(T) || !free_.head) return ::operator new(size);
    Free* node = free_.head;
    free_.head = node->next;
    --free_.count;
    return node;
  }

  static void operator delete(void* memory, size_t size) {
    if (size != sizeof(T) || free_.count == kKept) return ::operator delete(memory);
    if (!free_.head) emptyAtEnd();
    free_.head = new (memory) Free{free_.head};
    ++free_.count;
  }

 private:
  static constexpr int kKept = 32768;  // about what one collection frees at once in a loop of small operators
  struct Free {
    Free* next;
  };
  struct FreeList {
    Free* head;
    int count;
  };

  // Returns the list to the system when the thread ends; what dies later on it goes there at once.
  [[gnu::noinline]] static void emptyAtEnd() {
    struct AtEnd {
      ~AtEnd() {
        while (free_.head) {
          Free* next = free_.head->next;
          ::operator delete(free_.head);
          free_.head = next;
        }
        free_.count = kKept;
      }
    };
    thread_local AtEnd atEnd;
  }

  static inline ANNEAL_THREAD_LOCAL FreeList free_ = {nullptr, 0};
};

}  // namespace anneal
