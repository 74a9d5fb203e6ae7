// Devices, memory, streams and events of the emulated GPU. What a stream is given runs at once, or, with
// ANNEAL_EMULATION_STREAM=lazy, only when somebody waits for it, so that a missing wait shows.
//
// ANNEAL_EMULATION_DEVICES is the number of devices (1), ANNEAL_EMULATION_MEMORY the bytes of each (4 GB) and
// ANNEAL_EMULATION_DRIVER the version of the driver; 0 stands for none.
#include "emulation/runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "emulation/checks.h"
#include "emulation/emulation.h"
#include "emulation/memory.h"

using Work = std::function<cudaError_t()>;

struct EmulatedStream {
  std::vector<Work> pending;
};
struct EmulatedEvent {
  EmulatedStream* stream = nullptr;  // where it was recorded last
};

namespace {

constexpr int kDriver = 13000;
constexpr size_t kAlignment = 256;

thread_local int currentDevice = 0;
thread_local std::string launchError;

long long setting(const char* name, long long otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::atoll(text) : otherwise;
}
int deviceCount() { return static_cast<int>(setting("ANNEAL_EMULATION_DEVICES", 1)); }
size_t deviceMemory() { return static_cast<size_t>(setting("ANNEAL_EMULATION_MEMORY", 4LL << 30)); }
bool isLazy() {
  static const char* mode = std::getenv("ANNEAL_EMULATION_STREAM");
  static const bool lazy = mode && std::strcmp(mode, "lazy") == 0;
  return lazy;
}

struct Memory {
  std::mutex mutex;
  std::map<void*, std::pair<int, size_t>> blocks;  // device and size
  std::map<int, size_t> used;
};
Memory& memory() {
  static auto* memory = new Memory;
  return *memory;
}

cudaError_t drain(EmulatedStream* stream) {
  cudaError_t first = cudaSuccess;
  for (const Work& work : std::exchange(stream->pending, {})) {
    const cudaError_t status = work();
    if (first == cudaSuccess) first = status;
  }
  return first;
}

cudaError_t append(EmulatedStream* stream, Work work) {
  if (!isLazy()) return work();
  stream->pending.push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

namespace emulation {

cudaError_t launch(cudaStream_t stream, Extent grid, unsigned threads, std::function<void()> kernel) {
  return append(stream, [grid, threads, kernel = std::move(kernel)] {
    const char* problem = run(grid, threads, kernel);
    if (!problem) return cudaSuccess;
    launchError = problem;
    return cudaErrorLaunchFailure;
  });
}

}  // namespace emulation

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorLaunchFailure: return launchError.c_str();
    default: return "unknown error";
  }
}
cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = static_cast<int>(setting("ANNEAL_EMULATION_DRIVER", kDriver));
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kDriver;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (driver < kDriver) return cudaErrorInsufficientDriver;
  *count = deviceCount();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= deviceCount()) return cudaErrorInvalidDevice;
  std::snprintf(properties->name, sizeof properties->name, "emulated GPU");
  properties->totalGlobalMem = deviceMemory();
  properties->major = 8;
  properties->minor = 0;
  properties->multiProcessorCount = 4;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= deviceCount()) return cudaErrorInvalidDevice;
  currentDevice = device;
  return cudaSuccess;
}

// ---- memory --------------------------------------------------------------------------------------------------------------------

cudaError_t cudaMalloc(void** block, size_t bytes) {
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  size_t& used = all.used[currentDevice];
  if (bytes > deviceMemory() - used) return cudaErrorMemoryAllocation;
  void* data = emulation::takeDeviceMemory(bytes);
  if (!data) return cudaErrorMemoryAllocation;
  used += bytes;
  *block = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(data) | emulation::kDeviceBit);
  all.blocks[*block] = {currentDevice, bytes};
  return cudaSuccess;
}
cudaError_t cudaFree(void* block) {
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto found = all.blocks.find(block);
  if (found == all.blocks.end()) return cudaErrorInvalidValue;
  all.used[found->second.first] -= found->second.second;
  all.blocks.erase(found);
  emulation::giveDeviceMemory(emulation::resolve(block));
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  Memory& all = memory();
  const std::lock_guard<std::mutex> lock(all.mutex);
  *total = deviceMemory();
  *free = *total - all.used[currentDevice];
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** block, size_t bytes, unsigned) {
  *block = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  return *block ? cudaSuccess : cudaErrorMemoryAllocation;
}
cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}

// ---- streams and events ------------------------------------------------------------------------------------------------------

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new EmulatedStream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return drain(stream); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  return append(stream, [=] {
    std::memmove(emulation::resolve(to), emulation::resolve(from), bytes);
    emulation::noteWritten(emulation::resolve(to), bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaMemsetAsync(void* block, int value, size_t bytes, cudaStream_t stream) {
  return append(stream, [=] {
    std::memset(emulation::resolve(block), value, bytes);
    emulation::noteWritten(emulation::resolve(block), bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new EmulatedEvent;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return event->stream ? drain(event->stream) : cudaSuccess; }
