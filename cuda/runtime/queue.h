// The work of one device, in order: its CUDA stream, the pinned memory through which data goes, scratch memory of kernels, and
// records of what kernels find wrong in the data. A queue is used by one thread at a time (library.cu holds its lock).
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "core/error_kind.h"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#else
#include "emulation/runtime.h"
#endif

namespace anneal {

// Throws DeviceError for what the CUDA runtime has answered.
void check(cudaError_t status);

// What the kernel of one launch found wrong first, by position; written by device/fault.h.
struct FaultRecord {
  static constexpr uint64_t kNone = ~uint64_t{0};

  uint32_t lock;
  uint64_t position;
  double values[2];
  int64_t index;
};

// What the host adds for the message. `explain` throws it.
struct FaultNote {
  void (*explain)(const FaultRecord& record, const FaultNote& note);
  const char* op = nullptr;
  int64_t extent = 0, lowest = 0;
};

class CudaQueue {
 public:
  explicit CudaQueue(int device);
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  cudaStream_t stream() const { return stream_; }
  std::mutex& mutex() { return mutex_; }
  // Makes the device the calling thread's.
  void use() const;

  void* allocate(size_t bytes);  // null where there is none
  void release(void* block);
  // Through pinned memory: `from` may change when upload returns, and `to` is there when download does.
  void upload(void* to, const void* from, size_t bytes);
  void download(void* to, const void* from, size_t bytes);
  void synchronize();

  // Device memory for the kernels of one call. Two places, for a family that calls another.
  void* scratch(size_t bytes, int place = 0);

  // A record for the launch that follows, which `launched` ends. One at a time.
  FaultRecord* expectFault(const FaultNote& note);
  void launched();
  // The ticket of what was launched with a record since it was last asked for; 0 for none.
  uint64_t takeTicket();
  // Waits for the launch of a ticket, and throws what it found.
  void settle(uint64_t ticket);

 private:
  static constexpr size_t kStage = size_t{4} << 20;
  static constexpr size_t kRecords = 256;  // made at a time

  struct Stage {
    void* memory = nullptr;
    cudaEvent_t free = nullptr;  // when the device has read it
  };
  struct Expected {
    FaultRecord* host;    // in pinned memory
    FaultRecord* device;  // the same, as kernels see it
    cudaEvent_t done;
    FaultNote note;
  };

  Stage& nextStage();
  void makeRecords();

  const int device_;
  cudaStream_t stream_ = nullptr;
  std::mutex mutex_;
  Stage stages_[2];
  int stage_ = 0;
  void* scratch_[2] = {};
  size_t scratchBytes_[2] = {};
  std::vector<Expected> expected_;  // by ticket - 1
  std::vector<uint64_t> free_;      // tickets
  uint64_t ticket_ = 0;
};

}  // namespace anneal
