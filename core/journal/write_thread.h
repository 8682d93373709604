#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "schema/result.h"

namespace filial::core {

/// Makes and carries out one synced write at a time beside its owner's thread, which prepares the
/// next one meanwhile: that is how two processors and a disk work at the same time. The thread
/// starts with the first write. Used by one thread.
class WriteThread {
  public:
    WriteThread() = default;
    /// Waits for the write in hand.
    ~WriteThread();
    WriteThread(const WriteThread&) = delete;
    WriteThread& operator=(const WriteThread&) = delete;

    using Fill = std::function<schema::Result<void>(rocksdb::WriteBatch&)>;
    /// Begins to write what `fill` puts into a batch to `db`, synced; `finish` must come before the
    /// next one. The owner may read from `db` meanwhile and sees all of the batch or nothing of it;
    /// `db` stays open.
    void begin(rocksdb::DB& db, Fill fill);
    /// Waits for it: durable if ok. `batch`: what was written. An error is `fill`'s, and nothing
    /// was written then.
    schema::Result<rocksdb::Status> finish(rocksdb::WriteBatch& batch);
    bool busy() const { return begun_; }
    /// Whether `finish` would not wait.
    bool written() const { return !writing_.load(std::memory_order_relaxed); }

  private:
    void run();

    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable changed_;
    rocksdb::DB* db_ = nullptr;  ///< Set while there is something to write.
    Fill fill_;
    rocksdb::WriteBatch batch_;
    schema::Result<rocksdb::Status> status_;
    bool ending_ = false;
    bool begun_ = false;  ///< Of the owner's thread only.
    std::atomic<bool> writing_ = false;
};

}  // namespace filial::core
