#include <doctest/doctest.h>

#include "publisher/log_place.h"
#include "publisher/outbox.h"
#include "publisher/rejoiner.h"
#include "test/support/temp_folder.h"
#include "test/unit/publisher/publisher_support.h"

using namespace filial::test;
using namespace filial::schema;

TEST_CASE(
    "N8: a quarantine whose file is gone goes on, until the write of the next epoch ends it") {
    const TempFolder folder;
    filial::core::Options options;
    options.data = folder.path();
    options.store = StoreId{"store1"};
    Shop shop;
    shop.ask<Accepted>(ticket(1, {sale("tea")}));
    MemoryJournal here = shop.journal;
    using filial::publisher::unlifted;
    REQUIRE(unlifted(options, here));
    CHECK_FALSE(unlifted(options, here)->has_value());

    const auto quarantine = filial::core::begin_quarantine(options.store, "restored");
    filial::core::ManualClock clock;
    filial::publisher::Rejoiner rejoiner(options, here, clock, quarantine);
    rejoiner.turn({});
    here.crash();
    const auto still = unlifted(options, here);
    REQUIRE(still);
    CHECK(*still == quarantine);
    const auto file = filial::core::read_quarantine(folder.path());
    REQUIRE(file);
    CHECK(*file == quarantine);

    REQUIRE(filial::publisher::Outbox::open_epoch(here, options.store, Epoch{2},
                                                  quarantine.incarnation, Timestamp{5}));
    here.crash();
    CHECK_FALSE(unlifted(options, here)->has_value());
}
