// A shared library that is opened at run time and never closed.
#pragma once
#include <string>

namespace anneal::comm {

class Library {
 public:
  // Its symbols are seen by the libraries that it opens itself: plug-ins of MPI need that.
  Library(const std::string& path, std::string& problem);

  bool isOpen() const { return handle_ != nullptr; }
  // False where there is no such function.
  template <class Function>
  bool find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(symbol(name));
    return function != nullptr;
  }

 private:
  void* symbol(const char* name) const;

  void* handle_;
};

}  // namespace anneal::comm
