// What a kernel says to bad arguments, and that it has written nothing then; and that the views of an
// instance are the kernel's own arrays.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcn_relu_double_views.hpp>
#include <pcn_tanh_double_views.hpp>
#include <spreads_double_views.hpp>
#include <two_plates_views.hpp>

#include <limits>

#include "tests/kernel/named_arrays.hpp"

namespace freefall::test {
namespace {

using runtime::fault;
using runtime::kernel_error;
using runtime::status;
using testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Boundary : public testing::Test {
 protected:
  Boundary() {
    std::mt19937_64 random(5);
    for (const auto& t : pcn_tanh_double::tensors()) {
      if (t.role == runtime::tensor_role::variable || t.role == runtime::tensor_role::parameter)
        fill(arrays_[t.name], random, 0.5);
    }
    net_.inference_rate() = 0.1;
    net_.learning_rate() = 1e-3;
  }

  std::vector<std::vector<double>> snapshot() {
    std::vector<std::vector<double>> out;
    for (std::size_t i = 0; i < arrays_.tensors().size(); ++i) {
      const auto e = net_.elements(i);
      out.emplace_back(e.begin(), e.end());
    }
    return out;
  }

  // Equal elements; a NaN equals a NaN.
  static bool same(const std::vector<std::vector<double>>& a, const std::vector<std::vector<double>>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      for (std::size_t k = 0; k < a[i].size(); ++k) {
        if (!(a[i][k] == b[i][k]) && !(std::isnan(a[i][k]) && std::isnan(b[i][k]))) return false;
      }
    }
    return true;
  }

  // The status of `train` on changed arguments; nothing may be written.
  template <class Change>
  status refused(Change&& change) {
    const auto before = snapshot();
    auto a = net_.raw();
    change(a);
    const status s = pcn_tanh_double::train(a, workspace_.data());
    EXPECT_FALSE(s.ok());
    EXPECT_TRUE(same(snapshot(), before)) << "something was written";
    EXPECT_STREQ(s.kernel, "train");
    return s;
  }

  pcn_tanh_double::instance net_;
  NamedArrays<pcn_tanh_double::instance> arrays_{net_, pcn_tanh_double::tensors()};
  runtime::workspace workspace_{pcn_tanh_double::train_workspace_bytes};
};

TEST_F(Boundary, NullArrayIsNamed) {
  const status s = refused([](auto& a) { a.W2 = nullptr; });
  EXPECT_EQ(s.what, fault::null_argument);
  EXPECT_STREQ(s.tensor, "W2");
  EXPECT_EQ(s.expected, 7U * 9U);
}

TEST_F(Boundary, NullWorkspaceIsNamed) {
  const auto before = snapshot();
  const status s = pcn_tanh_double::train(net_.raw(), nullptr);
  EXPECT_EQ(s.what, fault::null_argument);
  EXPECT_STREQ(s.tensor, "workspace");
  EXPECT_TRUE(same(snapshot(), before));
}

TEST_F(Boundary, CopiesOutsideThePlateAreRefused) {
  for (const std::size_t copies : {std::size_t{0}, std::size_t{9}, std::numeric_limits<std::size_t>::max()}) {
    const status s = refused([&](auto& a) { a.batch_copies = copies; });
    EXPECT_EQ(s.what, fault::copies_out_of_range);
    EXPECT_STREQ(s.tensor, "batch");
    EXPECT_EQ(s.found, copies);
    EXPECT_EQ(s.expected, 8U);
  }
}

TEST_F(Boundary, NonFiniteElementsAreNamed) {
  for (const double bad : {kNaN, kInfinity, -kInfinity}) {
    for (const char* name : {"image", "digit", "W1", "b3", "W2_square", "inference_rate"}) {
      const auto elements = arrays_[name];
      const std::size_t at = elements.size() / 2;
      const double good = std::exchange(elements[at], bad);
      const status s = refused([](auto&) {});
      elements[at] = good;
      EXPECT_EQ(s.what, fault::not_finite) << name;
      EXPECT_STREQ(s.tensor, name);
      EXPECT_EQ(s.element, at) << name;
    }
  }
}

TEST_F(Boundary, WhatIsNotReadNeedNotBeFinite) {
  std::ranges::fill(arrays_["h1"], kNaN);  // set by the kernel before it is read
  net_.image().row(7).setConstant(kNaN);   // a copy that is not in use
  net_.digit().row(7).setConstant(kNaN);
  EXPECT_NO_THROW(net_.train(7));
  EXPECT_TRUE(net_.h1().topRows(7).array().isFinite().all());
}

TEST_F(Boundary, AnInstanceThrowsTheFaultInWords) {
  net_.image()(3, 5) = kNaN;
  try {
    net_.train();
    FAIL() << "nothing was thrown";
  } catch (const kernel_error& e) {
    EXPECT_THAT(e.what(),
                HasSubstr("Kernel 'train': 'image' is not finite at element 41 (batch 3, pixel 5)"));
    EXPECT_EQ(e.reason().what, fault::not_finite);
  }
  EXPECT_THROW(net_.infer(9), kernel_error);
  EXPECT_THROW(net_.infer(0), kernel_error);
}

// Copies in use are not contiguous when one plate lies inside another.
TEST(TwoPlates, CopiesThatAreNotInUseNeedNotBeFinite) {
  two_plates::instance net;
  net.W().setIdentity();
  auto y = net.y_array();
  y.fill(kNaN);
  for (std::size_t s = 0; s < 2; ++s) {
    for (std::size_t t = 0; t < 3; ++t) y(s, t, 0) = y(s, t, 1) = 1;
  }
  net.infer(2, 3);
  // Three steps of x -= 0.1 (2 x - 1) from 0.
  EXPECT_NEAR(net.x_array()(1, 2, 1), 0.244, 1e-15);
  EXPECT_EQ(net.x_array()(1, 3, 1), 0);
  try {
    net.infer(2, 4);
    FAIL() << "nothing was thrown";
  } catch (const kernel_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("'y' is not finite at element 6 (session 0, trial 3, reading 0)"));
  }
}

TEST(TwoPlates, CopiesThatAreNotInUseNeedNotBeFiniteWherePlatesComeLast) {
  two_plates::instance net;  // zeros
  const double before = net.energy(2, 3);
  auto z = net.z_array();
  z.fill(kNaN);
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t t = 0; t < 3; ++t) z(r, t, 0) = z(r, t, 1) = 2;
  }
  EXPECT_NEAR(net.energy(2, 3) - before, 0.5 * 4 * (2 * 3 * 2), 1e-12);
  try {
    net.energy(2, 4);
    FAIL() << "nothing was thrown";
  } catch (const kernel_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("'z' is not finite at element 9 (reading 0, trial 3, session 0)"));
  }
  auto a = net.raw(2, 3);
  a.z = nullptr;
  const status s = two_plates::energy(a, nullptr);
  EXPECT_EQ(s.what, fault::null_argument);
  EXPECT_EQ(s.expected, 4U * 3U + 3U * 2U + 2U);  // up to the last element in use, (1, 2, 1)
}

// Rectified units without bound: a rate this large overflows in a few passes.
TEST(Divergence, IsReportedWithTheResultThatIsNotFinite) {
  pcn_relu_double::instance net;
  NamedArrays<pcn_relu_double::instance> arrays(net, pcn_relu_double::tensors());
  std::mt19937_64 random(6);
  for (const char* name : {"image", "digit", "W1", "W2", "W3"}) fill(arrays[name], random, 1.0);
  net.inference_rate() = 1e30;
  try {
    net.infer();
    FAIL() << "nothing was thrown";
  } catch (const kernel_error& e) {
    EXPECT_EQ(e.reason().what, fault::diverged);
    EXPECT_THAT(e.reason().tensor, testing::AnyOf(testing::StrEq("h1"), testing::StrEq("h2")));
    EXPECT_THAT(e.what(), HasSubstr("Kernel 'infer': 'h"));
    EXPECT_THAT(e.what(), HasSubstr("diverged"));
  }
}

TEST(NotPositiveDefinite, NamesTheMatrixOfTheModel) {
  for (const char* bad : {"Sigma", "Lambda"}) {
    spreads_double::instance net;
    NamedArrays<spreads_double::instance> arrays(net, spreads_double::tensors());
    net.noise() = 1;
    net.Sigma().setIdentity();
    net.Lambda().setIdentity();
    arrays[bad][0] = -1;
    try {
      net.energy();
      FAIL() << "nothing was thrown";
    } catch (const kernel_error& e) {
      EXPECT_EQ(e.reason().what, fault::not_positive_definite);
      EXPECT_STREQ(e.reason().tensor, bad);
      EXPECT_THAT(e.what(),
                  HasSubstr(std::string("Kernel 'energy': '") + bad + "' is not positive definite"));
    }
  }
}

TEST(Views, AreTheArraysOfTheKernel) {
  pcn_tanh_double::instance net;
  const auto raw = net.raw();
  EXPECT_EQ(net.W1().data(), raw.W1);
  EXPECT_EQ(net.W1_array().data(), raw.W1);
  net.W1()(2, 3) = 7;
  EXPECT_EQ(net.W1_array()(2, 3), 7);
  EXPECT_EQ(raw.W1[2 * 12 + 3], 7);
  net.W1_array()(8, 11) = -1;
  EXPECT_EQ(net.W1()(8, 11), -1);
  net.b3()(4) = 2;
  EXPECT_EQ(raw.b3[4], 2);
  // What a kernel writes shows in a view made before.
  auto h1 = net.h1();
  net.b1().setConstant(1);
  net.image().setZero();
  net.predict();
  EXPECT_EQ(h1(7, 8), net.h1_array()(7, 8));
  EXPECT_NEAR(h1(7, 8), std::tanh(1.0), 1e-15);
}

}  // namespace
}  // namespace freefall::test
