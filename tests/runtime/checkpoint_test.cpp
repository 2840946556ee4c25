#include "freefall/runtime/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <limits>
#include <numeric>

#include "freefall/runtime/error.hpp"
#include "scratch.hpp"

namespace freefall::runtime {
namespace {

using test::message_of;
using ::testing::Each;
using ::testing::StartsWith;

class Checkpoint : public test::scratch {
 protected:
  void SetUp() override {
    scratch::SetUp();
    std::iota(weights.begin(), weights.end(), 1.0F);
    file = folder / "run.npz";
    save_checkpoint(file, {{"W1", {2, 3}, weights.data()}, {"beta", {}, &beta}, {"epoch", {}, &epoch}});
  }

  std::string error_of_load(const array_slot& slot) const {
    return message_of<data_error>([&] { load_checkpoint(file, {slot}); });
  }
  std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
  }

  std::filesystem::path file;
  std::vector<float> weights = std::vector<float>(6);
  double beta = 0.1;
  std::int64_t epoch = 1LL << 40;
};

TEST_F(Checkpoint, GivesBackWhatWasSaved) {
  std::vector<float> w(6);
  double b = 0;
  std::int64_t e = 0;
  load_checkpoint(file, {{"epoch", {}, &e}, {"W1", {2, 3}, w.data()}, {"beta", {}, &b}});
  EXPECT_EQ(w, weights);
  EXPECT_EQ(b, beta);
  EXPECT_EQ(e, epoch);
}

TEST_F(Checkpoint, LoadsOnlyWhatIsAskedFor) {
  double b = 0;
  load_checkpoint(file, {{"beta", {}, &b}});
  EXPECT_EQ(b, beta);
}

TEST_F(Checkpoint, KeepsValuesThatAreNotFiniteBitForBit) {
  const double x[] = {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity(),
                      -0.0};
  double y[3] = {};
  save_checkpoint(file, {{"x", {3}, x}});
  load_checkpoint(file, {{"x", {3}, y}});
  EXPECT_EQ(std::memcmp(x, y, sizeof x), 0);
}

TEST_F(Checkpoint, HoldsTextsEmptyArraysAndNamesInAnyAlphabet) {
  const float one = 1;
  save_checkpoint(file, {text_view("settings", "rate = 0.1"),
                         text_view("nothing", ""),
                         {"empty", {3, 0}, static_cast<const float*>(nullptr)},
                         {"\xcf\x83/hidden[1]", {1}, &one}});
  EXPECT_EQ(load_text(file, "settings"), "rate = 0.1");
  EXPECT_EQ(load_text(file, "nothing"), "");
  float back = 0;
  load_checkpoint(file,
                  {{"\xcf\x83/hidden[1]", {1}, &back}, {"empty", {3, 0}, static_cast<float*>(nullptr)}});
  EXPECT_EQ(back, one);
}

TEST_F(Checkpoint, OfEqualArraysHasEqualBytes) {
  const auto again = folder / "other name.npz";
  save_checkpoint(again, {{"W1", {2, 3}, weights.data()}, {"beta", {}, &beta}, {"epoch", {}, &epoch}});
  EXPECT_EQ(read(again), read(file));
}

TEST_F(Checkpoint, NamesArrayAndBothShapesOfAMismatch) {
  std::vector<float> w(6, -1.0F);
  EXPECT_EQ(error_of_load({"W1", {3, 2}, w.data()}),
            file.string() +
                ": array 'W1': found shape (2, 3), expected (3, 2). Load a checkpoint of the same sizes.");
  EXPECT_EQ(error_of_load({"W1", {6}, w.data()}),
            file.string() +
                ": array 'W1': found shape (2, 3), expected (6,). Load a checkpoint of the same sizes.");
}

TEST_F(Checkpoint, NamesArrayAndBothTypesOfAMismatch) {
  std::vector<double> w(6, -1.0);
  EXPECT_EQ(error_of_load({"W1", {2, 3}, w.data()}),
            file.string() +
                ": array 'W1': found elements of type float32, expected float64. Convert the array or "
                "change the model.");
}

TEST_F(Checkpoint, NamesAnArrayThatIsMissing) {
  double b = 0;
  EXPECT_EQ(error_of_load({"W2", {}, &b}),
            file.string() + ": holds no array 'W2'. Give a checkpoint of this model, of the same version.");
}

TEST_F(Checkpoint, NamesAFileThatIsMissing) {
  file = folder / "absent.npz";
  double b = 0;
  EXPECT_EQ(error_of_load({"beta", {}, &b}),
            file.string() + ": cannot be opened: No such file or directory.");
}

TEST_F(Checkpoint, LeavesMemoryAsItWasWhenALaterArrayDiffers) {
  std::vector<float> w(6, -1.0F);
  double b = -1;
  std::int64_t e = -1;
  const auto untouched = [&] {
    EXPECT_THAT(w, Each(-1.0F));
    EXPECT_EQ(b, -1);
    EXPECT_EQ(e, -1);
  };
  EXPECT_THROW(load_checkpoint(file, {{"W1", {2, 3}, w.data()}, {"beta", {}, &b}, {"epoch", {1}, &e}}),
               data_error);
  untouched();
  EXPECT_THROW(load_checkpoint(file, {{"W1", {2, 3}, w.data()}, {"beta", {}, &b}, {"epok", {}, &e}}),
               data_error);
  untouched();
  EXPECT_THROW(load_checkpoint(file, {{"W1", {2, 3}, w.data()}, {"epoch", {}, &b}, {"beta", {}, &e}}),
               data_error);
  untouched();
}

// Some bytes, such as those of dates, mean nothing: then the load gives what was saved. No other outcome is
// allowed.
TEST_F(Checkpoint, WithAnyDamagedByteIsRefusedOrUnchanged) {
  const std::string sound = read(file);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < sound.size(); ++i)
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string damaged = sound;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      write("run.npz", damaged);
      std::vector<float> w(6, -1.0F);
      double b = -1;
      std::int64_t e = -1;
      try {
        load_checkpoint(file, {{"W1", {2, 3}, w.data()}, {"beta", {}, &b}, {"epoch", {}, &e}});
        EXPECT_EQ(w, weights) << i;
        EXPECT_EQ(b, beta) << i;
        EXPECT_EQ(e, epoch) << i;
      } catch (const data_error&) {
        ++refused;
        EXPECT_THAT(w, Each(-1.0F)) << i;
        EXPECT_EQ(b, -1) << i;
        EXPECT_EQ(e, -1) << i;
      }
    }
  EXPECT_GT(refused, 3 * sound.size() / 2);
}

TEST_F(Checkpoint, WithADamagedElementFailsItsChecksum) {
  std::string damaged = read(file);
  const std::string element("\0\0\x80\x40", 4);  // 4.0F
  const std::size_t at = damaged.find(element);
  ASSERT_NE(at, std::string::npos);
  damaged[at + 2] = '\x90';  // 4.5F
  write("run.npz", damaged);
  std::vector<float> w(6, -1.0F);
  EXPECT_EQ(error_of_load({"W1", {2, 3}, w.data()}),
            file.string() +
                ": damaged: member 'W1.npy' fails its checksum; expected a sound .npz archive. Use an older "
                "checkpoint, or make it again.");
  EXPECT_THAT(w, Each(-1.0F));
}

TEST_F(Checkpoint, IsRefusedWhenTruncatedAnywhere) {
  const std::string sound = read(file);
  double b = -1;
  for (std::size_t n = 0; n < sound.size(); ++n) {
    write("run.npz", sound.substr(0, n));
    EXPECT_THROW(load_checkpoint(file, {{"beta", {}, &b}}), data_error) << n;
  }
  EXPECT_EQ(b, -1);
}

TEST_F(Checkpoint, ThatCannotBeWrittenLeavesTheOldOneAndNothingElse) {
  const std::string before = read(file);
  const std::vector<float> large(1 << 16);
  // A limit on file sizes stands for a full disk: write() fails in the middle of the data.
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = old;
  tight.rlim_cur = 1 << 12;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  const std::string message =
      message_of<data_error>([&] { save_checkpoint(file, {{"W1", {large.size()}, large.data()}}); });
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(message,
            file.string() + ": cannot be written: File too large. An older file of this name is unchanged.");
  EXPECT_EQ(read(file), before);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(Checkpoint, InAMissingFolderIsRefusedWithTheReason) {
  file = folder / "absent" / "run.npz";
  EXPECT_THAT(message_of<data_error>([&] { save_checkpoint(file, {{"beta", {}, &beta}}); }),
              StartsWith(file.string() + ": cannot be written: there is no folder '" +
                         file.parent_path().string() + "'."));
}

TEST_F(Checkpoint, ThatCannotTakeItsPlaceLeavesNoTemporary) {
  const auto folder_in_the_way = folder / "taken.npz";
  std::filesystem::create_directory(folder_in_the_way);
  EXPECT_THROW(save_checkpoint(folder_in_the_way, {{"beta", {}, &beta}}), data_error);
  EXPECT_EQ(files_in_folder(), 2U);  // the old checkpoint and the folder
}

TEST_F(Checkpoint, RefusesArraysWithoutNameOrMemoryAndNamesGivenTwice) {
  const auto refusal = [&](std::initializer_list<array_view> arrays) {
    return message_of<std::invalid_argument>([&] { save_checkpoint(file, arrays); });
  };
  EXPECT_EQ(refusal({{"", {}, &beta}}), "checkpoint: the name of an array has 0 bytes; expected 1 to 65531.");
  EXPECT_EQ(refusal({{"W1", {2, 3}, static_cast<const float*>(nullptr)}}),
            "checkpoint: array 'W1' of shape (2, 3) has no memory; pass the address of its data.");
  EXPECT_EQ(refusal({{"W1", {~std::size_t{0}, 2}, &beta}}),
            "checkpoint: array 'W1' of shape (18446744073709551615, 2) is larger than memory can be; check "
            "its shape.");
  EXPECT_EQ(refusal({{"beta", {}, &beta}, {"beta", {}, &beta}}),
            "checkpoint: the name 'beta' is given to two arrays.");
  EXPECT_THROW(load_checkpoint(file, {{"beta", {}, static_cast<double*>(nullptr)}}), std::invalid_argument);
}

}  // namespace
}  // namespace freefall::runtime
