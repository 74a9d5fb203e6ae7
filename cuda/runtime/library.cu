// The table that the engine gets (abi.h): each function with the lock of its queue, and what it throws as an error record.
#include <cstdio>
#include <cstring>
#include <exception>

#include "core/error.h"
#include "cuda/abi.h"
#include "kernels.h"
#include "runtime/queue.h"

namespace anneal {
namespace {

template <class F>
int32_t guarded(CudaError* error, F&& f) {
  const auto fails = [&](ErrorKind kind, const char* message) {
    error->kind = static_cast<int32_t>(kind);
    std::snprintf(error->message, sizeof error->message, "%s", message);
    return 1;
  };
  try {
    f();
    return 0;
  } catch (const Error& e) {
    return fails(e.kind(), e.message().c_str());
  } catch (const std::exception& e) {
    return fails(ErrorKind::Device, e.what());
  }
}

template <class F>
int32_t onQueue(CudaQueue* queue, CudaError* error, F&& f) {
  return guarded(error, [&] {
    const std::lock_guard<std::mutex> lock(queue->mutex());
    queue->use();
    f(*queue);
  });
}

int32_t versions(int32_t* runtime, int32_t* driver, CudaError* error) {
  return guarded(error, [&] {
    check(cudaRuntimeGetVersion(runtime));
    check(cudaDriverGetVersion(driver));
  });
}

int32_t count(int32_t* devices, CudaError* error) {
  return guarded(error, [&] {
    *devices = 0;
    const cudaError_t status = cudaGetDeviceCount(devices);
    if (status != cudaErrorNoDevice) check(status);
  });
}

int32_t describe(int32_t device, CudaDescription* description, CudaError* error) {
  return guarded(error, [&] {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device));
    std::snprintf(description->name, sizeof description->name, "%s", properties.name);
    description->major = properties.major;
    description->minor = properties.minor;
    description->memory = static_cast<int64_t>(properties.totalGlobalMem);
  });
}

// Queues are never destroyed: the engine's threads outlive the end of the program.
int32_t open(int32_t device, CudaQueue** queue, CudaError* error) {
  return guarded(error, [&] { *queue = new CudaQueue(device); });
}

int32_t allocate(CudaQueue* queue, size_t bytes, void** block, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) { *block = q.allocate(bytes); });
}
int32_t release(CudaQueue* queue, void* block, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) { q.release(block); });
}
int32_t available(CudaQueue* queue, int64_t* bytes, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue&) {
    size_t free, total;
    check(cudaMemGetInfo(&free, &total));
    *bytes = static_cast<int64_t>(free);
  });
}
int32_t upload(CudaQueue* queue, void* to, const void* from, size_t bytes, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) { q.upload(to, from, bytes); });
}

int32_t download(CudaQueue* queue, const CopyArgs* args, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) {
    const size_t bytes = static_cast<size_t>(elements(args->shape, args->rank)) * sizeOf(args->to);
    if (bytes == 0) return;
    const bool dense = args->rank == 1 && args->srcStrides[0] == 1;
    if (dense) return q.download(args->dst, args->src, bytes);
    CopyArgs gather = *args;
    gather.dst = q.scratch(bytes);
    device::copy(q, gather);
    q.download(args->dst, gather.dst, bytes);
  });
}

int32_t synchronize(CudaQueue* queue, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) { q.synchronize(); });
}
int32_t settle(CudaQueue* queue, uint64_t ticket, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) { q.settle(ticket); });
}

template <class Args, void (*kernel)(CudaQueue&, const Args&)>
int32_t slot(CudaQueue* queue, const Args* args, uint64_t* ticket, CudaError* error) {
  return onQueue(queue, error, [&](CudaQueue& q) {
    kernel(q, *args);
    *ticket = q.takeTicket();
  });
}

const CudaTable kTable = [] {
  CudaTable table{};
  table.abi = kCudaAbi;
  table.bytes = sizeof(CudaTable);
#define ANNEAL_BYTES(Name, slot) table.slot##Bytes = sizeof(Name##Args);
  ANNEAL_FAMILIES(ANNEAL_BYTES)
#undef ANNEAL_BYTES
  table.version = ANNEAL_VERSION;
  table.architectures = ANNEAL_ARCHITECTURES;
#if !defined(__CUDACC__)
  table.emulated = 1;
#endif
  table.versions = versions;
  table.count = count;
  table.describe = describe;
  table.open = open;
  table.allocate = allocate;
  table.release = release;
  table.available = available;
  table.upload = upload;
  table.download = download;
  table.synchronize = synchronize;
  table.settle = settle;
  table.pointwise = slot<PointwiseArgs, device::pointwise>;
  table.copy = slot<CopyArgs, device::copy>;
  table.fill = slot<FillArgs, device::fill>;
  table.random = slot<RandomArgs, device::random>;
  table.reduce = slot<ReduceArgs, device::reduce>;
  table.matmul = slot<MatmulArgs, device::matmul>;
  table.softmax = slot<SoftmaxArgs, device::softmax>;
  table.crossEntropy = slot<CrossEntropyArgs, device::crossEntropy>;
  table.index = slot<IndexArgs, device::index>;
  table.scan = slot<ScanArgs, device::scan>;
  table.sgd = slot<SgdArgs, device::sgd>;
  table.adam = slot<AdamArgs, device::adam>;
  return table;
}();

}  // namespace
}  // namespace anneal

extern "C" __attribute__((visibility("default"))) const anneal::CudaTable* annealCudaTable(uint32_t abi) {
  return abi == anneal::kCudaAbi ? &anneal::kTable : nullptr;
}
