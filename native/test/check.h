// A test framework in one header: TEST(name) { CHECK(...); } registers itself, and main.cc runs all of them.
#pragma once
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

// A reference in plain loops, which sanitizers would make slow: it is not what is tested.
#define ANNEAL_REFERENCE __attribute__((no_sanitize("address", "undefined", "thread")))

// Whether kernels are slowed down by a sanitizer: tests of many alike cases then take a part of them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kInstrumented = true;
#else
constexpr bool kInstrumented = false;
#endif

namespace anneal::test {

struct Case {
  const char* name;
  const char* file;
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> list;
  return list;
}

// Failed checks of the running test; the first few are printed.
inline int& failures() {
  static int count = 0;
  return count;
}

struct Registration {
  Registration(const char* name, const char* file, void (*run)()) { cases().push_back({name, file, run}); }
};

inline void report(const char* file, int line, const std::string& what) {
  constexpr int kPrinted = 20;
  if (failures()++ < kPrinted) std::printf("  %s:%d: %s\n", file, line, what.c_str());
}

template <class T>
std::string show(const T& value) {
  std::ostringstream out;
  out.precision(17);
  out << value;
  return out.str();
}

template <class A, class B>
void checkEqual(const A& a, const B& b, const char* text, const char* file, int line) {
  if (!(a == b)) report(file, line, std::string(text) + ": " + show(a) + " != " + show(b));
}

// Two NaN are near, and so are two equal infinities.
inline void checkNear(double a, double b, double tolerance, const char* text, const char* file, int line) {
  const bool near = a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= tolerance;
  if (near) return;
  report(file, line, std::string(text) + ": " + show(a) + " is not within " + show(tolerance) + " of " + show(b));
}

}  // namespace anneal::test

#define TEST(name)                                                                             \
  static void test_##name();                                                                   \
  static const ::anneal::test::Registration registration_##name(#name, __FILE__, test_##name); \
  static void test_##name()

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) ::anneal::test::report(__FILE__, __LINE__, #condition); \
  } while (0)
#define CHECK_EQ(a, b) ::anneal::test::checkEqual((a), (b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_NEAR(a, b, tolerance) ::anneal::test::checkNear((a), (b), (tolerance), #a " ~ " #b, __FILE__, __LINE__)
// The expression throws something of type E.
#define CHECK_THROWS(expression, E)                                                             \
  do {                                                                                          \
    bool thrown = false;                                                                        \
    try {                                                                                       \
      (void)(expression);                                                                       \
    } catch (const E&) {                                                                        \
      thrown = true;                                                                            \
    }                                                                                           \
    if (!thrown) ::anneal::test::report(__FILE__, __LINE__, #expression " does not throw " #E); \
  } while (0)
