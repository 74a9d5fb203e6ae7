#include "comm/transport.h"

#include <cstdarg>
#include <cstdio>

namespace anneal::comm {

std::string words(const char* format, ...) {
  char buffer[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  return buffer;
}

}  // namespace anneal::comm
