#pragma once

#include <boost/container/flat_map.hpp>

namespace meterbill {

/// A map in one piece of memory, in the order of its keys: for the few entries of a reading or of a
/// usage row, of which a busy worker makes, copies and compares a million a second. Not std::map,
/// whose every entry is an allocation. Unlike there, adding an entry moves the others: no reference
/// to one outlives it.
template <class Key, class Value>
using FlatMap = boost::container::flat_map<Key, Value>;

}  // namespace meterbill
