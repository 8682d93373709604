#include "ledger/state.h"

#include <doctest/doctest.h>

namespace filial::test {
namespace {

using ledger::MapState;
using ledger::Scratch;
using schema::Bytes;

TEST_CASE("state: parts make one value, whether they are gathered by a decision or not") {
    MapState applied;
    applied.add_part("doc/1", "a");
    applied.add_part("doc/1", "b");
    CHECK(applied.get("doc/1") == "ab");

    MapState decided;
    Scratch scratch(decided);
    for (int i = 0; i < 40; ++i) scratch.put("other/" + std::to_string(i), "x");
    scratch.add_part("doc/1", "a");
    scratch.add_part("doc/2", "c");
    scratch.add_part("doc/1", "b");
    CHECK(scratch.get("doc/1") == "ab");
    CHECK_FALSE(decided.get("doc/1").has_value());
    ledger::Changes changes = scratch.take();
    for (const ledger::Change& change : changes) {
        CHECK(change.is_new == change.key.starts_with("doc/"));
    }
    write(decided, std::move(changes));
    CHECK(decided.get("doc/1") == "ab");
    CHECK(decided.get("doc/2") == "c");
}

}  // namespace
}  // namespace filial::test
