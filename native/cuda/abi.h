// What the engine and a CUDA library say to each other: one table of functions, which the library's only symbol gives. Plain types,
// since the two are built by different compilers at different times; nothing throws across.
#pragma once
#include <cstddef>
#include <cstdint>

#include "core/error_kind.h"
#include "core/kernels.h"

namespace anneal {

constexpr uint32_t kCudaAbi =
    1;  // another number wherever anything here, or a record of core/kernels, changes its meaning

class CudaQueue;  // a device's work, in order; of the library's

struct CudaError {
  int32_t kind;  // ErrorKind
  char message[1024];
};

struct CudaDescription {
  char name[256];
  int32_t major, minor;  // compute capability
  int64_t memory;        // bytes
};

// All but the first fields return 0, or 1 with `error` filled. A queue may be used from any thread.
struct CudaTable {
  uint32_t abi;
  uint32_t bytes;                                       // of this table
#define ANNEAL_BYTES(Name, slot) uint32_t slot##Bytes;  // of the family's record
  ANNEAL_FAMILIES(ANNEAL_BYTES)
#undef ANNEAL_BYTES
  const char* version;        // of anneal
  const char* architectures;  // that the library has code for
  uint8_t emulated;

  int32_t (*versions)(int32_t* runtime, int32_t* driver, CudaError* error);  // 13000 is 13.0; driver 0: there is none
  int32_t (*count)(int32_t* devices, CudaError* error);
  int32_t (*describe)(int32_t device, CudaDescription* description, CudaError* error);
  int32_t (*open)(int32_t device, CudaQueue** queue, CudaError* error);

  int32_t (*allocate)(CudaQueue* queue, size_t bytes, void** block, CudaError* error);  // null: no memory
  int32_t (*release)(CudaQueue* queue, void* block, CudaError* error);
  int32_t (*available)(CudaQueue* queue, int64_t* bytes, CudaError* error);

  // Between the host and the device, in the order of the queue. `from` may change when `upload` returns, and `to` is filled when
  // `download` does, which reads a strided view and writes dense memory.
  int32_t (*upload)(CudaQueue* queue, void* to, const void* from, size_t bytes, CudaError* error);
  int32_t (*download)(CudaQueue* queue, const CopyArgs* args, CudaError* error);
  int32_t (*synchronize)(CudaQueue* queue, CudaError* error);

  // Waits for the kernel of a ticket, and fails with what it has found wrong in the data. Once for each ticket.
  int32_t (*settle)(CudaQueue* queue, uint64_t ticket, CudaError* error);

  // A slot per family, null where the library has no kernels for it. `ticket` becomes 0, or what to ask `settle` with.
#define ANNEAL_SLOT(Name, slot) \
  int32_t (*slot)(CudaQueue * queue, const Name##Args* args, uint64_t* ticket, CudaError* error);
  ANNEAL_FAMILIES(ANNEAL_SLOT)
#undef ANNEAL_SLOT
};

}  // namespace anneal

// Null where the library is of another ABI.
extern "C" const anneal::CudaTable* annealCudaTable(uint32_t abi);
