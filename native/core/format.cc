#include "core/format.h"

#include <cstdio>

namespace anneal {

std::string formatList(const char* pattern, va_list arguments) {
  char buffer[1024];
  std::vsnprintf(buffer, sizeof buffer, pattern, arguments);
  return buffer;
}

std::string format(const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  std::string text = formatList(pattern, arguments);
  va_end(arguments);
  return text;
}

}  // namespace anneal
