// Runs the registered tests: all, or those whose name contains one of the arguments. Names the slow ones.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "test/check.h"

constexpr double kSlowSeconds = 1;

int main(int argc, char** argv) {
  const auto asked = [&](const char* name) {
    return argc <= 1 || std::any_of(argv + 1, argv + argc, [&](const char* part) { return std::strstr(name, part); });
  };
  int passed = 0, failed = 0;
  for (const anneal::test::Case& test : anneal::test::cases()) {
    if (!asked(test.name)) continue;
    anneal::test::failures() = 0;
    const auto begin = std::chrono::steady_clock::now();
    try {
      test.run();
    } catch (const anneal::Error& error) {
      anneal::test::report(test.file, 0, "error: " + error.message());
    } catch (const std::exception& error) {
      anneal::test::report(test.file, 0, std::string("exception: ") + error.what());
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (took.count() > kSlowSeconds) std::printf("slow: %s, %.1f s\n", test.name, took.count());
    const int failures = anneal::test::failures();
    (failures == 0 ? passed : failed)++;
    if (failures != 0) std::printf("FAILED %s (%d checks)\n", test.name, failures);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  std::fflush(stdout);  // a leak check ends the process its own way
  return failed == 0 ? 0 : 1;
}
