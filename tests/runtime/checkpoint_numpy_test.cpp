// Checkpoints against NumPy, the reference implementation of the format, in both directions.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "freefall/runtime/checkpoint.hpp"
#include "freefall/runtime/error.hpp"
#include "scratch.hpp"

namespace freefall::runtime {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CheckpointNumpy : public test::scratch {
 protected:
  // Runs a Python program with numpy as np, the checkpoint's path as `file`; returns what it prints.
  std::string python(const std::string& program) const {
    const auto script =
        write("script.py", "import sys\nimport numpy as np\nfile = sys.argv[1]\n" + program + "\n");
    const std::string command =
        std::string(FREEFALL_NUMPY_PYTHON) + " '" + script.string() + "' '" + file().string() + "' 2>&1";
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string output;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
    EXPECT_EQ(::pclose(pipe), 0) << output;
    return output;
  }
  std::filesystem::path file() const { return folder / "run.npz"; }
};

TEST_F(CheckpointNumpy, OpensOurFiles) {
  const float w[] = {1, 2, 3, 4, 5, 6.5F};
  const double beta = 0.1;
  const std::int64_t epoch = 7;
  save_checkpoint(file(), {{"W1", {2, 3}, w},
                           {"beta", {}, &beta},
                           {"epoch", {1}, &epoch},
                           {"\xcf\x83", {0}, static_cast<const float*>(nullptr)},
                           text_view("model", "pcn")});
  EXPECT_EQ(python("import zipfile\n"
                   "assert zipfile.ZipFile(file).testzip() is None\n"
                   "z = np.load(file)\n"
                   "for name in z: print(name, z[name].dtype, z[name].shape, z[name].tolist())"),
            "W1 float32 (2, 3) [[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]]\n"
            "beta float64 () 0.1\n"
            "epoch int64 (1,) [7]\n"
            "\xcf\x83 float32 (0,) []\n"
            "model uint8 (3,) [112, 99, 110]\n");
}

TEST_F(CheckpointNumpy, WritesFilesWeRead) {
  for (const std::string save : {"np.savez", "np.savez_compressed"}) {
    python(save +
           "(file, W1=np.arange(6, dtype='f4').reshape(2, 3), beta=np.float64(0.1), epoch=np.int64(7),\n"
           "  T=np.arange(24.0).reshape(4, 3, 2).T, empty=np.zeros((0, 2)),\n"
           "  model=np.frombuffer(b'pcn', dtype='u1'))");
    float w[6] = {};
    double beta = 0, t[24] = {};
    std::int64_t epoch = 0;
    load_checkpoint(file(), {{"W1", {2, 3}, w},
                             {"beta", {}, &beta},
                             {"epoch", {}, &epoch},
                             {"T", {2, 3, 4}, t},
                             {"empty", {0, 2}, static_cast<double*>(nullptr)}});
    EXPECT_THAT(w, ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(beta, 0.1);
    EXPECT_EQ(epoch, 7);
    for (std::size_t i = 0; i < 2; ++i)  // T is saved in Fortran order: T[i, j, k] = original[k, j, i]
      for (std::size_t j = 0; j < 3; ++j)
        for (std::size_t k = 0; k < 4; ++k)
          EXPECT_EQ(t[i * 12 + j * 4 + k], static_cast<double>(k * 6 + j * 2 + i));
    EXPECT_EQ(load_text(file(), "model"), "pcn");
  }
}

TEST_F(CheckpointNumpy, WritesCompressedFilesOfWhichDamageIsFound) {
  python("np.savez_compressed(file, W1=np.arange(64, dtype='f4'))");
  const std::string sound = read(file());
  std::vector<float> expected(64);
  load_checkpoint(file(), {{"W1", {64}, expected.data()}});
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x21);
    write("run.npz", damaged);
    std::vector<float> w(64, -1.0F);
    try {
      load_checkpoint(file(), {{"W1", {64}, w.data()}});
      EXPECT_EQ(w, expected) << i;
    } catch (const data_error&) {
      EXPECT_THAT(w, ::testing::Each(-1.0F)) << i;
    }
  }
}

// 2^40 bytes claimed by the directory for a member of a few: refused before memory is asked for.
TEST_F(CheckpointNumpy, MayNotClaimMoreThanDeflateCanHold) {
  python(
      "np.savez_compressed(file, W1=np.zeros(4))\n"
      "b = bytearray(open(file, 'rb').read())\n"
      "d = b.index(b'PK\\x01\\x02')\n"
      "b[d + 24:d + 28] = (0xfffffff0).to_bytes(4, 'little')\n"
      "open(file, 'wb').write(b)");
  double w[4] = {};
  EXPECT_THAT(message_of<data_error>([&] { load_checkpoint(file(), {{"W1", {4}, w}}); }),
              HasSubstr("member 'W1.npy' claims more bytes than its data can hold"));
}

TEST_F(CheckpointNumpy, TypesWeDoNotKnowAreNamed) {
  python(
      "np.savez(file, big=np.zeros(2, dtype='>f4'), half=np.zeros(2, dtype='f2'), pair=np.zeros(2, "
      "dtype='f4,i4'))");
  float x[2] = {};
  const auto refusal = [&](const char* name) {
    return message_of<data_error>([&] { load_checkpoint(file(), {{name, {2}, x}}); });
  };
  EXPECT_EQ(refusal("big"), file().string() +
                                ": array 'big': found elements of type '>f4', expected float32. Convert "
                                "the array or change the model.");
  EXPECT_THAT(refusal("half"), HasSubstr("found elements of type '<f2', expected float32."));
  EXPECT_THAT(refusal("pair"), HasSubstr("found a .npy header that is not understood"));
}

}  // namespace
}  // namespace freefall::runtime
