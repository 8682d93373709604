#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "core/journal/journal.h"

namespace filial::test {

/// A journal in memory that keeps the interface's promises: all or nothing, what was not synced is
/// lost in a crash, ranges end with commits. A copy of it is a copy of the disk.
class MemoryJournal : public core::Journal {
  public:
    std::vector<schema::StoreId> logs() const override;
    std::optional<core::LogHead> head(const schema::StoreId& store) const override;
    schema::Sequence end(const schema::StoreId& store) const override;
    schema::Result<void> commit(const core::JournalWrite& write, bool sync) override;
    /// Nothing of it is seen before `finish`.
    schema::Result<void> begin(core::MakeWrite make, std::size_t bytes) override;
    schema::Result<void> finish() override;
    bool finishable() const override { return !begun_.empty() && finishable_; }
    schema::Result<void> room() override;
    schema::Result<schema::Range> read(const core::ReadRequest& request) const override;
    schema::Result<core::Depth> depth(const schema::StoreId& store,
                                      const std::vector<std::string>& topics,
                                      schema::Sequence after) const override;
    schema::Result<std::optional<schema::Bytes>> get(schema::ByteView key) const override;
    schema::Result<void> scan(
        schema::ByteView prefix, schema::ByteView after,
        const std::function<bool(schema::ByteView, schema::ByteView)>& each) const override;

    /// Every commit from now on, but for the next `after`, fails with this code and writes nothing,
    /// until told otherwise. As the interface says, `io` and `corrupt` then last until the journal
    /// is opened again.
    void fail_commits(std::optional<schema::Errc> code, std::size_t after = 0) {
        failing_ = code;
        before_failing_ = after;
    }
    /// `begin` fails with this code, until told otherwise.
    void fail_begins(std::optional<schema::Errc> code) { no_begins_ = code; }
    /// The disk is slow: what is begun is not there before somebody waits for it.
    void slow(bool is) { finishable_ = !is; }
    /// Reads of state fail with `io`.
    void fail_reads(bool fails) { reads_fail_ = fails; }
    /// Power is cut and the journal opened again: what no sync covered is gone.
    void crash();

    std::size_t commits() const { return commits_; }
    std::size_t syncs() const { return syncs_; }

  private:
    struct Commit {
        schema::Sequence upto;
        schema::Timestamp at;
        std::vector<schema::Segment> segments;
    };
    struct Log {
        core::LogHead head;
        std::vector<Commit> commits;
    };
    struct Data {
        std::map<schema::StoreId, Log> logs;
        std::map<schema::Bytes, schema::Bytes, std::less<>> state;
    };

    static schema::Result<void> check(const Data& data, const core::Append& append);
    schema::Result<void> write_now(const core::JournalWrite& write, bool sync);
    static void apply(Data& data, const core::JournalWrite& write);

    Data live_;
    Data durable_;
    std::vector<core::JournalWrite> unsynced_;
    std::deque<core::MakeWrite> begun_;
    std::optional<schema::Error> behind_;  ///< Why the rest of them is not written.
    bool finishable_ = true;
    std::optional<schema::Errc> no_begins_;
    std::optional<schema::Errc> failing_;
    std::size_t before_failing_ = 0;
    bool reads_fail_ = false;
    std::size_t commits_ = 0;
    std::size_t syncs_ = 0;
};

}  // namespace filial::test
