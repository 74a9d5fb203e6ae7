// The gemm suite in C++: c = a b, float32, row-major, `batch` products one after another. A library gives what runs it.
#pragma once
#include <algorithm>
#include <functional>
#include <vector>

#include "buffer.h"
#include "serve.h"

namespace bench {

// a [batch, m, k] and b [batch, k, n], their last two dimensions swapped where transposed; c [batch, m, n].
struct Product {
  long m, n, k, batch;
  bool transposeA, transposeB;
  Floats a, b, c;

  explicit Product(const Job& job)
      : m(job.number("m")),
        n(job.number("n")),
        k(job.number("k")),
        batch(job.number("batch")),
        transposeA(job.flag("transposeA")),
        transposeB(job.flag("transposeB")),
        a(read(job.text("a"), batch * m * k)),
        b(read(job.text("b"), batch * k * n)),
        c(allocate(batch * m * n)) {
    std::fill_n(c.get(), batch * m * n, 0.0f);
  }
};

class Gemm : public Contender {
 public:
  using Multiply = std::function<void()>;

  template <class Library>
  Gemm(const Job& job, Library library) : product_(job), multiply_(library(product_)) {}

  // Elements from all over c, the corners included, and its sum.
  std::vector<double> check() override {
    multiply_();
    const long count = product_.batch * product_.m * product_.n, samples = std::min(count, 64L);
    std::vector<double> values;
    for (long i = 0; i < samples; ++i) values.push_back(product_.c[i * (count - 1) / std::max(samples - 1, 1L)]);
    double sum = 0;
    for (long i = 0; i < count; ++i) sum += product_.c[i];
    values.push_back(sum);
    return values;
  }

  void run(long iterations) override {
    for (long i = 0; i < iterations; ++i) multiply_();
  }

 private:
  Product product_;
  Multiply multiply_;
};

// `library` takes a Product and gives a function that computes it.
template <class Version, class Library>
int serveGemm(const char* name, Version version, Library library) {
  return serve(name, version, [&](const Job& job) { return std::make_unique<Gemm>(job, library); });
}

}  // namespace bench
