#include "core/journal/rocks_journal.h"
#include "core/process.h"
#include "publisher/publisher.h"

namespace {

using filial::publisher::ExchangeLegs;
using filial::publisher::Publisher;
using filial::schema::Result;

Result<void> serve(filial::core::Process& process) {
    const filial::core::Options& options = process.options();
    std::vector<std::string> endpoints{options.publisher.listen};
    for (const auto& hub : options.hubs) endpoints.push_back(hub.endpoint);
    const auto keys = process.keys_for(endpoints);
    if (!keys) return tl::unexpected(keys.error());

    filial::core::JournalOptions journal_options;
    journal_options.dir = options.publisher_dir();
    journal_options.witness_of = options.store.value();
    journal_options.free_bytes_floor = options.disk_reserve_bytes;
    auto journal = filial::core::RocksJournal::open(journal_options);
    if (!journal) return tl::unexpected(journal.error());
    auto publisher = Publisher::open(options, **journal, process.clock(), &process.allow());
    if (!publisher) return tl::unexpected(publisher.error());

    filial::core::Self self{options.store, "publisher", (*publisher)->epoch(),
                            (*publisher)->incarnation()};
    filial::core::Exchange exchange(**publisher, process.clock(), process.network(),
                                    &process.allow(), *keys, self);
    ExchangeLegs legs(exchange);
    (*publisher)->attach(legs);
    if (const auto ok = exchange.listen(options.publisher_socket()); !ok) return ok;
    if (!options.publisher.listen.empty()) {
        if (const auto ok = exchange.listen(options.publisher.listen); !ok) return ok;
    }
    for (const auto& hub : options.hubs) {
        if (const auto ok = exchange.dial(hub, "publisher"); !ok) return ok;
    }
    const auto done =
        process.run(exchange, [&](filial::core::BootTime now) { return (*journal)->tick(now); });
    if (!done) return done;
    return (*journal)->witness();
}

}  // namespace

int main(int argc, char** argv) {
    return filial::core::run_process(argc, argv, "publisher",
                                     "The store's own log: takes tickets, decides, keeps, and "
                                     "serves what happened here",
                                     serve);
}
