// Typed errors. Each is raised once, where the fact is known, and crosses the binding as the JavaScript class of its kind.
#pragma once
#include <exception>
#include <string>
#include <utility>

#include "core/error_kind.h"

namespace anneal {

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorKind kind_;
  std::string message_;
};

}  // namespace anneal
