#include "comm/names.h"

#include <deque>
#include <mutex>
#include <unordered_map>

namespace anneal::comm {

namespace {

struct Names {
  std::mutex mutex;
  std::unordered_map<std::string, int64_t> numbers;
  std::deque<std::string> all{""};
};
Names& names() {
  static auto* names = new Names;
  return *names;
}

}  // namespace

int64_t numberOf(const std::string& name) {
  Names& known = names();
  const std::lock_guard<std::mutex> lock(known.mutex);
  if (name.empty()) return 0;
  const auto [at, isNew] = known.numbers.emplace(name, static_cast<int64_t>(known.all.size()));
  if (isNew) known.all.push_back(name);
  return at->second;
}

const char* nameAt(int64_t number) {
  Names& known = names();
  const std::lock_guard<std::mutex> lock(known.mutex);
  if (number < 0 || number >= static_cast<int64_t>(known.all.size())) return "";
  return known.all[static_cast<size_t>(number)].c_str();
}

}  // namespace anneal::comm
