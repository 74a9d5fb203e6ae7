// Text made as by printf, which takes a tenth of the code of a chain of strings.
#pragma once
#include <cstdarg>
#include <string>

namespace anneal {

// At most 1023 bytes; the rest is left out.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string formatList(const char* pattern, va_list arguments);

}  // namespace anneal
