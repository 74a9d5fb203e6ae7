// Small objects that come and go with every operator: each thread keeps a few freed ones for reuse, which is cheaper than
// the general allocator by a good part of an operator's cost.
#pragma once
#include <cstddef>
#include <new>

namespace anneal {

template <class T>
class Pooled {
 public:
  static void* operator new(size_t size) {
    FreeList& list = freeList();
    if (size != sizeof(T) || !list.head) return ::operator new(size);
    Free* node = list.head;
    list.head = node->next;
    --list.count;
    return node;
  }

  static void operator delete(void* memory, size_t size) {
    FreeList& list = freeList();
    if (size != sizeof(T) || list.count == kKept) return ::operator delete(memory);
    list.head = new (memory) Free{list.head};
    ++list.count;
  }

 private:
  static constexpr int kKept = 32768;  // about what one collection frees at once in a loop of small operators
  struct Free {
    Free* next;
  };
  struct FreeList {
    Free* head = nullptr;
    int count = 0;
    ~FreeList() {
      count = kKept;  // what dies later on this thread goes back to the system
      while (head) {
        Free* next = head->next;
        ::operator delete(head);
        head = next;
      }
    }
  };
  static FreeList& freeList() {
    thread_local FreeList list;
    return list;
  }
};

}  // namespace anneal
