#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/journal/journal.h"
#include "schema/result.h"

namespace filial::core {

/// Makes and carries out synced writes, one after the other, beside its owner's thread, which
/// prepares the next ones meanwhile: that is how two processors and a disk work at the same time.
/// kBegunMost of them may be begun and not finished, so that it goes on with the next one at once.
/// The thread starts with the first write. Used by one thread.
class WriteThread {
  public:
    WriteThread() = default;
    /// Waits for the writes in hand.
    ~WriteThread();
    WriteThread(const WriteThread&) = delete;
    WriteThread& operator=(const WriteThread&) = delete;

    using Fill = std::function<schema::Result<void>(rocksdb::WriteBatch&)>;
    using Written = std::function<void()>;
    /// Begins to write what `fill` puts into a batch to `db`, synced, behind those begun before.
    /// `written` is called by the thread when the database has it, before the next `fill`. The
    /// owner may read from `db` meanwhile and sees all of a batch or nothing of it; `db` stays
    /// open. `sync_first`: what was written without a sync is synced by itself before `fill`.
    void begin(rocksdb::DB& db, Fill fill, Written written, bool sync_first);
    /// Waits for the oldest one: durable if ok. `batch`: what was written. An error is `fill`'s, or
    /// that of a write begun earlier and not finished when this one began: nothing was written
    /// then, and of the latter `fill` was not called.
    schema::Result<rocksdb::Status> finish(rocksdb::WriteBatch& batch);
    std::size_t begun() const { return begun_; }
    /// Whether `finish` would not wait.
    bool written() const { return begun_ == 0 || done_.load(std::memory_order_acquire) > 0; }

  private:
    struct Job {
        rocksdb::DB* db = nullptr;
        Fill fill;
        Written written;
        bool sync_first = false;
        rocksdb::WriteBatch batch;
        schema::Result<rocksdb::Status> status;
    };
    void run();
    void carry_out(Job& job);

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;                 ///< Begun and not finished, in their order.
    std::atomic<std::size_t> done_ = 0;    ///< Of their front; changed under the mutex.
    std::optional<schema::Error> failed_;  ///< Of one of them, for those behind it.
    bool ending_ = false;
    std::size_t begun_ = 0;  ///< Of the owner's thread only.
};

}  // namespace filial::core
