// The one table of operators: the families' tables, one after another.
#include <unordered_map>

#include "ops/families.h"
#include "ops/operator.h"

namespace anneal {

const std::vector<const Operator*>& operators() {
  static const std::vector<const Operator*>* table = [] {
    auto* all = new std::vector<const Operator*>;
    for (const Family& family : families()) {
      for (const Operator& op : family) all->push_back(&op);
    }
    return all;
  }();
  return *table;
}

const Operator& findOperator(const std::string& name) {
  static const auto* byName = [] {
    auto* map = new std::unordered_map<std::string, const Operator*>;
    for (const Operator* op : operators()) (*map)[op->name] = op;
    return map;
  }();
  const auto found = byName->find(name);
  if (found == byName->end()) fail(ErrorKind::Argument, "there is no operator named '%s'", name.c_str());
  return *found->second;
}

}  // namespace anneal
