// The end of the conversation (see rival.ts) in a rival written in C++. Questions come as words between tabs, `prepare`
// followed by key=value for the job, `check`, `measure` and a number of iterations; answers go out as JSON.
#pragma once
#include <ctime>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace bench {

class Job {
 public:
  explicit Job(std::istream& words) {
    for (std::string word; std::getline(words, word, '\t');) {
      const size_t split = word.find('=');
      values_[word.substr(0, split)] = word.substr(split + 1);
    }
  }
  const std::string& text(const std::string& key) const { return values_.at(key); }
  long number(const std::string& key) const { return std::stol(text(key)); }
  bool flag(const std::string& key) const { return text(key) == "true"; }

 private:
  std::map<std::string, std::string> values_;
};

struct Contender {
  virtual ~Contender() = default;
  virtual std::vector<double> check() = 0;  // numbers that every rival must come to
  virtual void run(long iterations) = 0;
};

inline double secondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

inline void answerCheck(Contender& contender) {
  std::printf("{\"values\":[");
  const char* comma = "";
  for (const double value : contender.check()) {
    std::printf("%s%.17g", comma, value);
    comma = ",";
  }
  std::printf("]}\n");
}

inline void answerMeasure(Contender& contender, long iterations) {
  contender.run(std::max(2L, (iterations + 9) / 10));
  const double cpuBegin = secondsOf(CLOCK_PROCESS_CPUTIME_ID), begin = secondsOf(CLOCK_MONOTONIC);
  contender.run(iterations);
  const double seconds = secondsOf(CLOCK_MONOTONIC) - begin, cpu = secondsOf(CLOCK_PROCESS_CPUTIME_ID) - cpuBegin;
  std::printf("{\"seconds\":%.9g,\"cpuSeconds\":%.9g}\n", seconds, cpu);
}

// Answers until there are no more questions. `version` is asked after `prepare`, and says which kernels are used.
template <class Version, class Prepare>
int serve(const char* name, Version version, Prepare prepare) {
  std::unique_ptr<Contender> contender;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, iterations;
    std::getline(words, command, '\t');
    if (command == "prepare") {
      contender = prepare(Job(words));
      std::printf("{\"versions\":{\"%s\":\"%s\"}}\n", name, std::string(version()).c_str());
    } else if (command == "check") {
      answerCheck(*contender);
    } else {
      std::getline(words, iterations);
      answerMeasure(*contender, std::stol(iterations));
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace bench
