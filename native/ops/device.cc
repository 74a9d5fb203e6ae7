// Moving tensors between devices.
#include "core/device.h"

#include "ops/copy.h"
#include "ops/families.h"
#include "ops/functional.h"

namespace anneal {

namespace {

constexpr Param kToDevice[] = {{"x", ParamKind::Tensor}, {"device", ParamKind::Device}};

Tensor onto(const Tensor& x, Device device) {
  const Tensor from = dense("toDevice", x);
  Tensor to = Tensor::empty(from.spec(), device);
  // The one that is not the CPU moves the data.
  const DeviceState& mover = deviceStates[device.isCpu() ? x.device().index : device.index];
  if (to.size() > 0) mover.transfer(from, to);
  return to;
}

void viewToDevice(const Call& call, Tensors& out) {
  const Tensor& x = call.in(0);
  const Device device = deviceOf(call.integer(0));
  if (x.device() == device) {
    out.push_back(x.alias());
    return;
  }
  if (context().capture) fail(ErrorKind::Device, "[toDevice] a compiled function cannot move tensors between devices");
  const bool direct = x.device().isCpu() || device.isCpu();
  out.push_back(onto(direct ? x : onto(x, Device::CPU), device));
}

void toDeviceGradient(GradCall& g) {
  g.set(0, apply1("toDevice"_op, {g.dout()}, {attr(static_cast<int64_t>(g.call().device.index))}));
}

const Operator kOperators[] = {
    {.name = "toDevice",
     .doc = "the same values on another device; x itself where it is there already",
     .params = kToDevice,
     .view = viewToDevice,
     .gradient = toDeviceGradient},
};

}  // namespace

Family deviceFamily() { return kOperators; }

}  // namespace anneal
