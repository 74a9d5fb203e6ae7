#include "cuda/devices.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <utility>

#include "core/context.h"
#include "core/device.h"
#include "core/tensor.h"
#include "cuda/library.h"

namespace anneal {

namespace {

constexpr int kGpus = kDevices - 2;   // beside the CPU and the device for tests
constexpr int kOldestDriver = 13000;  // as the runtime of the library

class Gpu final : public Worker {
 public:
  void wait() override { call(table->synchronize, queue); }
  void settle(uint64_t ticket) override { call(table->settle, queue, ticket); }

  template <class... Params, class... Args>
  static void call(int32_t (*function)(Params...), Args... args) {
    CudaError error;
    checkCuda(function(args..., &error), error);
  }

  const CudaTable* table = nullptr;
  CudaQueue* queue = nullptr;
  char name[16];
};
Gpu gpus[kGpus];

// Calls of a GPU, once for all of them: inlined below, they would be as many copies as there may be GPUs.
template <class Args>
[[gnu::noinline]] void run(Gpu& gpu, int32_t (*slot)(CudaQueue*, const Args*, uint64_t*, CudaError*),
                           const Args& args) {
  uint64_t ticket = 0;
  Gpu::call(slot, gpu.queue, &args, &ticket);
  Stream::running().began(gpu, ticket);
}
[[gnu::noinline]] void upload(Gpu& gpu, const CopyArgs& args) {
  const size_t bytes = static_cast<size_t>(args.shape[0]) * sizeOf(args.to);
  Gpu::call(gpu.table->upload, gpu.queue, args.dst, args.src, bytes);
  Stream::running().began(gpu, 0);
}
[[gnu::noinline]] void download(Gpu& gpu, const CopyArgs& args) { Gpu::call(gpu.table->download, gpu.queue, &args); }
[[gnu::noinline]] void* take(Gpu& gpu, size_t bytes) {
  void* block = nullptr;
  Gpu::call(gpu.table->allocate, gpu.queue, bytes, &block);
  return block;
}
[[gnu::noinline]] void give(Gpu& gpu, void* block) { Gpu::call(gpu.table->release, gpu.queue, block); }
[[gnu::noinline]] int64_t available(Gpu& gpu) {
  int64_t bytes = 0;
  Gpu::call(gpu.table->available, gpu.queue, &bytes);
  return bytes;
}

// Functions of the engine's tables have no argument for the device, so each GPU has its own.
template <int index>
struct Of {
  static Gpu& gpu() { return gpus[index]; }

  template <class Args, int32_t (*CudaTable::*slot)(CudaQueue*, const Args*, uint64_t*, CudaError*)>
  static void run(const Args& args) {
    anneal::run(gpu(), gpu().table->*slot, args);
  }
  static void upload(const CopyArgs& args) { anneal::upload(gpu(), args); }
  static void download(const CopyArgs& args) { anneal::download(gpu(), args); }
  static void* take(size_t bytes) { return anneal::take(gpu(), bytes); }
  static void give(void* block) { anneal::give(gpu(), block); }
  static int64_t available() { return anneal::available(gpu()); }

  static const Backend* open() {
    static const Backend backend = [] {
      const CudaTable& table = *gpu().table;
      Backend slots{};
      slots.name = gpu().name;
#define ANNEAL_SLOT(Name, slot) \
  if (table.slot) slots.slot = run<Name##Args, &CudaTable::slot>;
      ANNEAL_FAMILIES(ANNEAL_SLOT)
#undef ANNEAL_SLOT
      return slots;
    }();
    return &backend;
  }
};

void submitTransfer(const Tensor& from, const Tensor& to, void (*kernel)(const CopyArgs&)) {
  CopyArgs args{};
  args.from = args.to = from.dtype();
  args.rank = 1;
  args.shape[0] = from.size();
  args.srcStrides[0] = args.dstStrides[0] = 1;
  args.src = from.data();
  args.dst = to.data();
  context().stream->submit(kernel, args);
}

template <int index>
void transfer(const Tensor& from, const Tensor& to) {
  submitTransfer(from, to, from.device().isCpu() ? Of<index>::upload : Of<index>::download);
}

void enter(Gpu& gpu, const CudaTable& table, int32_t index, Allocator& memory, const Backend* (*open)(),
           void (*read)(const CopyArgs&), void (*transfer)(const Tensor&, const Tensor&)) {
  gpu.table = &table;
  Gpu::call(table.open, index, &gpu.queue);
  std::snprintf(gpu.name, sizeof gpu.name, "cuda:%d", index);
  const Device device{static_cast<uint8_t>(1 + index)};
  deviceStates[device.index].read = read;
  deviceStates[device.index].transfer = transfer;
  registerDevice(device, gpu.name, open, memory);
}

template <int index>
void enter(const CudaTable& table) {
  using Functions = Of<index>;
  static auto* memory = new Allocator({Functions::take, Functions::give, Functions::available, nullptr});
  enter(gpus[index], table, index, *memory, Functions::open, Functions::download, transfer<index>);
}

template <int... index>
void enterAll(const CudaTable& table, int count, std::integer_sequence<int, index...>) {
  ((index < count ? enter<index>(table) : void()), ...);
}

std::string versionOf(int number) { return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10); }

void open(const std::vector<std::string>& paths, CudaReport& report) {
  const CudaTable* table = openCudaLibrary(paths, report.problem);
  if (!table) return;
  report.found = true;
  report.emulated = table->emulated != 0;
  report.architectures = table->architectures;
#define ANNEAL_MISSING(Name, slot) \
  if (!table->slot) report.missing.push_back(#slot);
  ANNEAL_FAMILIES(ANNEAL_MISSING)
#undef ANNEAL_MISSING
  int32_t runtime = 0, driver = 0, count = 0;
  Gpu::call(table->versions, &runtime, &driver);
  report.runtime = runtime;
  report.driver = driver;
  if (driver == 0) {
    report.problem = "NVIDIA's driver is not installed, or does not reach into this container; nvidia-smi tells";
    return;
  }
  if (driver < kOldestDriver) {
    report.problem = "NVIDIA's driver is for CUDA " + versionOf(driver) + ", and the library needs one for " +
                     versionOf(kOldestDriver) + " (driver 580) or later";
    return;
  }
  Gpu::call(table->count, &count);
  if (count == 0) {
    report.problem = "NVIDIA's driver finds no GPU; see nvidia-smi and CUDA_VISIBLE_DEVICES";
    return;
  }
  count = std::min(count, kGpus);
  for (int32_t i = 0; i < count; ++i) {
    CudaDescription description;
    Gpu::call(table->describe, i, &description);
    report.gpus.push_back(
        {description.name, description.major, description.minor, static_cast<double>(description.memory)});
  }
  enterAll(*table, count, std::make_integer_sequence<int, kGpus>());
}

}  // namespace

const CudaReport& openCuda(const std::vector<std::string>& paths) {
  static std::mutex mutex;
  static CudaReport* report = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (report) return *report;
  auto found = new CudaReport;
  try {
    open(paths, *found);
  } catch (const Error& error) {
    found->problem = error.message();
  }
  report = found;
  return *report;
}

}  // namespace anneal
