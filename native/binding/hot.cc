#include "binding/hot.h"

#include <cmath>
#include <utility>

#include "binding/environment.h"
#include "compile/program.h"

namespace anneal::binding {

namespace {

constexpr double kLargestInteger = 9007199254740992.0;  // 2^53

// Entries for which a handle outlives its object.
constexpr uint64_t kGrace = 8;

// Tells objects that hold a program from those that hold something of another addon's.
constexpr napi_type_tag kProgramTag{0x6f1c7a2b94d80e35, 0xa3e5c90817b46d2f};

uint32_t lengthOf(napi_env env, napi_value array) {
  uint32_t length;
  check(env, napi_get_array_length(env, array, &length));
  return length;
}

napi_value elementOf(napi_env env, napi_value array, uint32_t i) {
  napi_value element;
  check(env, napi_get_element(env, array, i, &element));
  return element;
}

}  // namespace

double toNumber(napi_env env, napi_value value, Name name) {
  double result;
  if (napi_get_value_double(env, value, &result) != napi_ok) unexpected({env, value}, name, "a number");
  return result;
}

int64_t toInteger(napi_env env, napi_value value, Name name) {
  double result;
  if (napi_get_value_double(env, value, &result) == napi_ok) {
    if (std::trunc(result) != result || std::fabs(result) > kLargestInteger) {
      unexpected({env, value}, name, "an integer");
    }
    return static_cast<int64_t>(result);
  }
  int64_t big;
  bool lossless;
  if (napi_get_value_bigint_int64(env, value, &big, &lossless) != napi_ok) {
    unexpected({env, value}, name, "an integer");
  }
  return big;  // seeds: the low 64 bits
}

// ---- handles -----------------------------------------------------------------------------------------------------------------

Handles::Handle* Handles::add(Tensor tensor) {
  environment_.collectIfPressed();
  int32_t number;
  if (free_.empty()) {
    number = static_cast<int32_t>(handles_.size());
    handles_.push_back(nullptr);
  } else {
    number = free_.back();
    free_.pop_back();
  }
  auto* handle = new Handle{{}, this, std::move(tensor), number};
  handles_[number] = handle;
  ++live_;
  return handle;
}

void Handles::attach(napi_value object, Handle* handle) {
  check(env_, napi_add_finalizer(env_, object, handle, finalize, nullptr, nullptr));
  handle->owned = true;
  ++attached_;
}

int32_t Handles::adopt(napi_value object, Tensor tensor) {
  Handle* handle = add(std::move(tensor));
  try {
    attach(object, handle);
  } catch (const Napi::Error&) {
    --live_;
    release(handle);
    throw;
  }
  return handle->number;
}

napi_value Handles::adoptAll(napi_value objects, Tensors tensors, const char* op) {
  const uint32_t length = lengthOf(env_, objects);
  if (length != tensors.size()) fail(ErrorKind::Argument, "[%s] %zu results, not %u", op, tensors.size(), length);
  napi_value numbers, number;
  check(env_, napi_create_array_with_length(env_, length, &numbers));
  for (uint32_t i = 0; i < length; ++i) {
    const int32_t made = tensors[i].defined() ? adopt(elementOf(env_, objects, i), std::move(tensors[i])) : -1;
    check(env_, napi_create_int32(env_, made, &number));
    check(env_, napi_set_element(env_, numbers, i, number));
  }
  return numbers;
}

int32_t Handles::lend(Tensor tensor) { return add(std::move(tensor))->number; }

void Handles::claim(napi_value object, int64_t number) {
  Handle* handle = find(static_cast<double>(number));
  if (!handle || handle->owned) {
    fail(ErrorKind::Disposed, "there is no tensor %lld to claim", static_cast<long long>(number));
  }
  attach(object, handle);
}

void Handles::takeBack(int32_t number) {
  Handle* handle = find(number);
  if (!handle || handle->owned) return;
  if (handle->tensor.defined()) --live_;
  release(handle);
}

void Handles::dispose(int64_t number) {
  Handle* handle = find(static_cast<double>(number));
  if (!handle || !handle->tensor.defined()) return;
  handle->tensor = Tensor();
  --live_;
}

// May run in the middle of a garbage collection: frees memory, and never calls into JavaScript.
//
// An object can be found dead between the reading of its number and the call that passes it, since the compiler sees no
// later use of the object; so the number stays good for a few entries.
void Handles::finalize(napi_env, void* data, void*) {
  auto* handle = static_cast<Handle*>(data);
  Handles& self = *handle->all;
  --self.attached_;
  if (handle->tensor.defined()) --self.live_;
  if (!self.closed_) {
    handle->collectedAt = self.entries_;
    self.collected_.push_back(handle);
    return;
  }
  self.release(handle);
  if (self.attached_ == 0) delete &self.environment_;
}

void Handles::close() {
  closed_ = true;
  releaseCollected();
}

void Handles::beginEntry() {
  ++entries_;
  while (!collected_.empty() && collected_.front()->collectedAt + kGrace < entries_) {
    Handle* handle = collected_.front();
    collected_.pop_front();
    release(handle);
  }
}

void Handles::releaseCollected() {
  while (!collected_.empty()) {
    Handle* handle = collected_.front();
    collected_.pop_front();
    release(handle);
  }
}

void Handles::release(Handle* handle) {
  handles_[handle->number] = nullptr;
  free_.push_back(handle->number);
  delete handle;
}

Handles::Handle* Handles::find(double number) const {
  const bool known = number >= 0 && number < static_cast<double>(handles_.size());
  return known ? handles_[static_cast<size_t>(number)] : nullptr;
}

const Tensor& Handles::tensor(double number, Name name) const {
  // The TypeScript side passes -1 for a disposed tensor; anything else that is no live number is a stale one.
  const Handle* handle = find(number);
  if (handle && handle->tensor.defined()) return handle->tensor;
  fail(ErrorKind::Disposed, "[%s] '%s' has been disposed", name.op, name.param);
}

Tensors Handles::tensors(napi_value numbers, Name name, bool optional) const {
  bool isArray = false;
  check(env_, napi_is_array(env_, numbers, &isArray));
  if (!isArray) unexpected({env_, numbers}, name, "an array of tensors");
  Tensors result;
  const uint32_t length = lengthOf(env_, numbers);
  for (uint32_t i = 0; i < length; ++i) {
    const double number = toNumber(env_, elementOf(env_, numbers, i), name);
    result.push_back(optional && number < 0 ? Tensor() : tensor(number, name));
  }
  return result;
}

// ---- programs ----------------------------------------------------------------------------------------------------------------

void attachProgram(napi_env env, napi_value owner, std::unique_ptr<Program> program) {
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Program*>(data); };
  check(env, napi_wrap(env, owner, program.get(), finalize, nullptr, nullptr));
  program.release();
  check(env, napi_type_tag_object(env, owner, &kProgramTag));
}

Program* findProgram(napi_env env, napi_value owner) {
  bool ours = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, owner, &kProgramTag, &ours) != napi_ok || !ours) return nullptr;
  return napi_unwrap(env, owner, &data) == napi_ok ? static_cast<Program*>(data) : nullptr;
}

}  // namespace anneal::binding
