#include "core/error.h"

#include "core/format.h"

namespace anneal {

void fail(ErrorKind kind, const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  std::string message = formatList(pattern, arguments);
  va_end(arguments);
  throw Error(kind, std::move(message));
}

}  // namespace anneal
