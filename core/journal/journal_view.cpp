#include "core/journal/journal_view.h"

#include <rocksdb/db.h>

#include <algorithm>

#include "core/journal/journal_store.h"
#include "core/journal/log_head.h"
#include "core/journal/log_reader.h"

namespace filial::core {

using schema::Errc;
using schema::fail;
using schema::Result;
using schema::Sequence;
using schema::StoreId;

namespace {

/// For a look, not for service.
constexpr RocksMemory kMemory{1 << 20, 4 << 20};

bool chains_known(const LogHead& head) {
    return std::none_of(head.topics.begin(), head.topics.end(),
                        [](const TopicHead& topic) { return topic.chain == schema::Hash{}; });
}

}  // namespace

struct JournalView::Inside {
    JournalStore store;
    LogReader reader() const { return {store.db(), store.column(kLogColumn)}; }
    Result<const LogHead*> head(const StoreId& name) const {
        const auto found = store.recovered().heads.find(name);
        if (found != store.recovered().heads.end()) return &found->second;
        return fail(Errc::not_found, "there is no log of " + name.value() + " in it");
    }
};

JournalView::JournalView(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
JournalView::~JournalView() = default;
JournalView::JournalView(JournalView&&) noexcept = default;
JournalView& JournalView::operator=(JournalView&&) noexcept = default;

Result<JournalView> JournalView::open(const std::filesystem::path& dir) {
    std::error_code none;
    if (!std::filesystem::is_directory(dir, none)) {
        return fail(Errc::not_found, "there is no folder " + dir.string() + " here");
    }
    if (!RocksDatabase::exists(dir / "db")) {
        return fail(Errc::not_found, dir.string() + " holds no store's log");
    }
    auto store = JournalStore::open({dir / "db", kMemory, 0}, RocksDatabase::Mode::read);
    if (!store) return tl::unexpected(store.error());
    return JournalView(std::make_unique<Inside>(Inside{std::move(*store)}));
}

std::vector<StoreId> JournalView::logs() const {
    std::vector<StoreId> stores;
    for (const auto& [store, head] : inside_->store.recovered().heads) stores.push_back(store);
    return stores;
}

std::optional<LogHead> JournalView::head(const StoreId& store) const {
    const auto head = inside_->head(store);
    return head ? std::optional<LogHead>(**head) : std::nullopt;
}

Result<LogHead> JournalView::head_at(const StoreId& store, Sequence at) const {
    const auto head = inside_->head(store);
    if (!head) return tl::unexpected(head.error());
    if (at > (*head)->end)
        return fail(Errc::gap, "the log ends before " + std::to_string(at.value()));
    return inside_->reader().head_at(**head, at);
}

Result<schema::Range> JournalView::read(const ReadRequest& request) const {
    const auto head = inside_->head(request.store);
    if (!head) return tl::unexpected(head.error());
    return inside_->reader().read(**head, request);
}

Result<Sequence> common_end(const JournalView& a, const JournalView& b, const StoreId& store) {
    const auto first = a.head(store);
    const auto second = b.head(store);
    if (!first || !second) return Sequence{0};
    // Same up to `same`; no more than up to `most`.
    std::uint64_t same = 0;
    std::uint64_t most = std::min(first->end, second->end).value();
    while (same < most) {
        const std::uint64_t middle = same + (most - same + 1) / 2;
        const auto here = a.head_at(store, Sequence{middle});
        if (!here) return tl::unexpected(here.error());
        const auto there = b.head_at(store, Sequence{middle});
        if (!there) return tl::unexpected(there.error());
        const bool known = chains_known(*here) && chains_known(*there);
        if (!known || chains_of(*here) == chains_of(*there)) {
            same = middle;
        } else {
            most = middle - 1;
        }
    }
    return Sequence{same};
}

}  // namespace filial::core
