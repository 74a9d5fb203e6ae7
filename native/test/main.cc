// Runs the registered tests: all, or those whose name contains the first argument.
#include <cstring>

#include "core/error.h"
#include "test/check.h"

int main(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  int passed = 0, failed = 0;
  for (const anneal::test::Case& test : anneal::test::cases()) {
    if (std::strstr(test.name, filter) == nullptr) continue;
    anneal::test::failures() = 0;
    try {
      test.run();
    } catch (const anneal::Error& error) {
      anneal::test::report(test.file, 0, "error: " + error.message());
    } catch (const std::exception& error) {
      anneal::test::report(test.file, 0, std::string("exception: ") + error.what());
    }
    const int failures = anneal::test::failures();
    (failures == 0 ? passed : failed)++;
    if (failures != 0) std::printf("FAILED %s (%d checks)\n", test.name, failures);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  std::fflush(stdout);  // a leak check ends the process its own way
  return failed == 0 ? 0 : 1;
}
