#include "runtime/queue.h"

#include <cstring>

#include "core/error_kind.h"

namespace anneal {

void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // the runtime would give it again
  fail(ErrorKind::Device, "CUDA: %s", cudaGetErrorString(status));
}

CudaQueue::CudaQueue(int device) : device_(device) {
  use();
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  for (Stage& stage : stages_) {
    check(cudaHostAlloc(&stage.memory, kStage, cudaHostAllocDefault));
    check(cudaEventCreateWithFlags(&stage.free, cudaEventDisableTiming));
  }
}

void CudaQueue::use() const { check(cudaSetDevice(device_)); }

void* CudaQueue::allocate(size_t bytes) {
  void* block = nullptr;
  const cudaError_t status = cudaMalloc(&block, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(status);
  return block;
}

void CudaQueue::release(void* block) {
  synchronize();
  check(cudaFree(block));
}

// The one of two blocks that was used less recently, when the device has read it.
CudaQueue::Stage& CudaQueue::nextStage() {
  Stage& stage = stages_[stage_];
  stage_ = 1 - stage_;
  check(cudaEventSynchronize(stage.free));
  return stage;
}

void CudaQueue::upload(void* to, const void* from, size_t bytes) {
  for (size_t at = 0; at < bytes; at += kStage) {
    const size_t part = bytes - at < kStage ? bytes - at : kStage;
    Stage& stage = nextStage();
    memcpy(stage.memory, static_cast<const char*>(from) + at, part);
    check(cudaMemcpyAsync(static_cast<char*>(to) + at, stage.memory, part, cudaMemcpyHostToDevice, stream_));
    check(cudaEventRecord(stage.free, stream_));
  }
}

// While one part is copied out of pinned memory, the device writes the next.
void CudaQueue::download(void* to, const void* from, size_t bytes) {
  Stage* before = nullptr;
  size_t beforeAt = 0;
  const auto finish = [&](size_t end) {
    check(cudaEventSynchronize(before->free));
    memcpy(static_cast<char*>(to) + beforeAt, before->memory, end - beforeAt);
  };
  for (size_t at = 0; at < bytes; at += kStage) {
    const size_t part = bytes - at < kStage ? bytes - at : kStage;
    Stage& stage = nextStage();
    check(cudaMemcpyAsync(stage.memory, static_cast<const char*>(from) + at, part, cudaMemcpyDeviceToHost, stream_));
    check(cudaEventRecord(stage.free, stream_));
    if (before) finish(at);
    before = &stage;
    beforeAt = at;
  }
  if (before) finish(bytes);
}

void CudaQueue::synchronize() { check(cudaStreamSynchronize(stream_)); }

void* CudaQueue::scratch(size_t bytes, int place) {
  void*& memory = scratch_[place];
  size_t& room = scratchBytes_[place];
  if (bytes <= room) return memory;
  size_t size = size_t{1} << 20;
  while (size < bytes) size *= 2;
  if (memory) release(memory);
  room = 0;
  memory = allocate(size);
  if (!memory) fail(ErrorKind::OutOfMemory, "cannot allocate %zu bytes of scratch memory on the device", size);
  room = size;
  return memory;
}

// ---- faults ------------------------------------------------------------------------------------------------------------------

void CudaQueue::makeRecords() {
  void *host, *device;
  check(cudaHostAlloc(&host, kRecords * sizeof(FaultRecord), cudaHostAllocMapped));
  check(cudaHostGetDevicePointer(&device, host, 0));
  for (size_t i = 0; i < kRecords; ++i) {
    Expected expected{static_cast<FaultRecord*>(host) + i, static_cast<FaultRecord*>(device) + i, nullptr, {}};
    check(cudaEventCreateWithFlags(&expected.done, cudaEventDisableTiming));
    expected_.push_back(expected);
    free_.push_back(expected_.size());
  }
}

FaultRecord* CudaQueue::expectFault(const FaultNote& note) {
  if (free_.empty()) makeRecords();
  ticket_ = free_.back();
  free_.pop_back();
  Expected& expected = expected_[ticket_ - 1];
  expected.note = note;
  *expected.host = {0, FaultRecord::kNone, {0, 0}, 0};
  return expected.device;
}

void CudaQueue::launched() { check(cudaEventRecord(expected_[ticket_ - 1].done, stream_)); }

uint64_t CudaQueue::takeTicket() {
  const uint64_t ticket = ticket_;
  ticket_ = 0;
  return ticket;
}

void CudaQueue::settle(uint64_t ticket) {
  Expected& expected = expected_[ticket - 1];
  check(cudaEventSynchronize(expected.done));
  const FaultRecord found = *expected.host;
  const FaultNote note = expected.note;
  free_.push_back(ticket);
  if (found.position != FaultRecord::kNone) note.explain(found, note);
}

}  // namespace anneal
