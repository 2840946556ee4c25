// Typed views: they alias the arrays, take the user's memory in their place, and refuse what has another
// shape.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcn_tanh_double_views.hpp>

#include <Eigen/Dense>
#include <xtensor/xtensor.hpp>

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ::testing::AllOf;
using ::testing::HasSubstr;

template <class F>
std::string shape_error_of(F&& call) {
  try {
    call();
  } catch (const freefall::runtime::shape_error& e) {
    return e.what();
  }
  return "";
}

TEST(Views, EigenAndXtensorAliasTheSameElements) {
  pcn_tanh_double::instance net;
  net.W1()(2, 3) = 1.5;
  EXPECT_EQ(net.W1_array()(2, 3), 1.5);
  net.b1_array()(4) = -2;
  EXPECT_EQ(net.b1()(4), -2);
}

TEST(Views, KernelReadsAndWritesTheUsersMatrix) {
  pcn_tanh_double::instance own, other;
  RowMajor image = RowMajor::Random(8, 12), digit = RowMajor::Zero(8, 5);
  xt::xtensor<double, 2> weights = xt::xtensor<double, 2>::from_shape({9, 12});
  weights.fill(0.25);
  own.image() = image;
  own.W1().setConstant(0.25);
  own.W2().setConstant(0.5);
  own.W3().setConstant(-1);
  other.use_image(image);
  other.use_digit(digit);
  other.use_W1(weights);
  other.W2().setConstant(0.5);
  other.W3().setConstant(-1);
  own.predict();
  other.predict();
  EXPECT_EQ(RowMajor(own.digit()), digit);
  EXPECT_EQ(other.W1().data(), weights.data());
  EXPECT_NE(digit, RowMajor(RowMajor::Zero(8, 5)));
}

TEST(Views, WrongShapeNamesArrayAxesAndBothShapes) {
  pcn_tanh_double::instance net;
  RowMajor wide = RowMajor::Zero(8, 13);
  EXPECT_THAT(shape_error_of([&] { net.use_image(wide); }),
              AllOf(HasSubstr("'image'"), HasSubstr("8 x 13"), HasSubstr("expected 8 x 12 [batch, pixel]")));
  xt::xtensor<double, 3> deep = xt::xtensor<double, 3>::from_shape({8, 3, 4});
  EXPECT_THAT(shape_error_of([&] { net.use_image(deep); }),
              AllOf(HasSubstr("8 x 3 x 4"), HasSubstr("8 x 12")));
  Eigen::VectorXd bias(8);
  EXPECT_THAT(shape_error_of([&] { net.use_b1(bias); }),
              AllOf(HasSubstr("'b1'"), HasSubstr("8;"), HasSubstr("9 [hidden1]")));
}

TEST(Views, WrongLayoutIsRefused) {
  pcn_tanh_double::instance net;
  Eigen::MatrixXd columns = Eigen::MatrixXd::Zero(8, 12);
  EXPECT_THAT(shape_error_of([&] { net.use_image(columns); }),
              AllOf(HasSubstr("'image'"), HasSubstr("row-major")));
  RowMajor large = RowMajor::Zero(10, 20);
  auto block = large.block(0, 0, 8, 12);
  EXPECT_THAT(shape_error_of([&] { net.use_image(block); }), HasSubstr("row-major"));
}

TEST(Views, VectorMayLieOrStand) {
  pcn_tanh_double::instance net;
  Eigen::VectorXd standing = Eigen::VectorXd::Constant(9, 1);
  Eigen::RowVectorXd lying = Eigen::RowVectorXd::Constant(9, 2);
  net.use_b1(standing);
  EXPECT_EQ(net.b1()(0), 1);
  net.use_b1(lying);
  EXPECT_EQ(net.b1()(0), 2);
}

}  // namespace
