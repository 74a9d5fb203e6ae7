#include "cpu/fakeDevice.h"

#include <cstdlib>
#include <mutex>

#include "core/context.h"
#include "core/device.h"
#include "core/system.h"
#include "core/tensor.h"
#include "cpu/dispatch.h"

namespace anneal {

namespace {

constexpr Device kFake{kDevices - 1};  // the last, since GPUs have the first places

// `to` is dense, and so is `from`. Both lie in the host's memory, so that the CPU's kernel can copy.
void transfer(const Tensor& from, const Tensor& to) {
  CopyArgs args{};
  args.from = args.to = from.dtype();
  args.rank = 1;
  args.shape[0] = from.size();
  args.srcStrides[0] = args.dstStrides[0] = 1;
  args.src = from.data();
  args.dst = to.data();
  context().stream->submit(cpuLevel().backend->copy, args);
}

}  // namespace

void openFakeDevice() {
  static std::once_flag once;
  std::call_once(once, [] {
    static auto* memory = new Allocator({systemMemory, systemFree, availableMemory, residentMemory});
    registerDevice(
        kFake, "fake", [] { return cpuLevel().backend; }, *memory);
    deviceStates[kFake.index].transfer = transfer;
  });
}

}  // namespace anneal
