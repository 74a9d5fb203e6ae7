#include "core/error.h"

#include <cstdarg>
#include <cstdio>

namespace anneal {

void fail(ErrorKind kind, const char* format, ...) {
  char buffer[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(buffer, sizeof buffer, format, args);
  va_end(args);
  throw Error(kind, buffer);
}

}  // namespace anneal
