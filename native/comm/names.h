// Names of tensors, for errors: kept for the life of the process, so that records on the stream may point to them.
#pragma once
#include <cstdint>
#include <string>

namespace anneal::comm {

// The number of a name; of an equal one the same. 0 is no name.
int64_t numberOf(const std::string& name);
const char* nameAt(int64_t number);

}  // namespace anneal::comm
