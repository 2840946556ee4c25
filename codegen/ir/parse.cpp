#include "codegen/ir/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace freefall::ir {
namespace {

constexpr int kDeepest = 1000;         // nested parentheses
constexpr int kOpenedLevel = 1 << 26;  // bound indices stand for themselves at free levels from here

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Parser {
 public:
  Parser(Context& context, std::string_view text) : context_(context), text_(text) {}

  Expr whole() {
    const Expr e = sum();
    if (peek() != '\0') fail("an operator or the end");
    return e;
  }

 private:
  [[noreturn]] void fail(std::string_view expected, std::string_view found = {},
                         std::size_t at = std::string_view::npos) {
    if (at == std::string_view::npos) {
      skip();
      at = at_;
    }
    const std::string seen = !found.empty()       ? std::string(found)
                             : at >= text_.size() ? "the end"
                                                  : fmt::format("'{}'", text_[at]);
    throw ParseError(at + 1, fmt::format("column {}: expected {}, found {}", at + 1, expected, seen));
  }

  // ---- tokens
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}'", c));
  }
  std::string_view name(std::string_view what) {
    if (!is_name_start(peek())) fail(what);
    const std::size_t start = at_;
    while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]) || text_[at_] == '.'))
      ++at_;
    return text_.substr(start, at_ - start);
  }
  int integer() {
    if (!is_digit(peek())) fail("an integer");
    int out = 0;
    const auto end = std::from_chars(text_.data() + at_, text_.data() + text_.size(), out);
    if (end.ec != std::errc()) fail("an integer that fits");
    at_ = static_cast<std::size_t>(end.ptr - text_.data());
    return out;
  }
  Number number() {
    const std::size_t start = at_;
    bool exact = true;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent_sign =
          (c == '+' || c == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E') && !exact;
      if (c == '.' || c == 'e' || c == 'E') exact = false;
      if (!is_digit(c) && c != '.' && c != 'e' && c != 'E' && !exponent_sign) break;
      ++at_;
    }
    const std::string digits(text_.substr(start, at_ - start));
    if (!exact) {
      char* end = nullptr;
      const double real = std::strtod(digits.c_str(), &end);
      if (end != digits.c_str() + digits.size()) fail("a number", "'" + digits + "'", start);
      return Number(real);
    }
    std::int64_t out = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), out).ec != std::errc()) {
      fail("an integer that fits 64 bits", "'" + digits + "'", start);
    }
    return Number(out);
  }

  // ---- indices
  const Axis* axis() {
    skip();
    const std::size_t start = at_;
    const std::string_view text = name("the name of an axis");
    const Axis* found = context_.find_axis(text);
    if (found == nullptr) fail("the name of a declared axis", fmt::format("'{}'", text), start);
    return found;
  }
  Index written_index() {
    Index out{axis(), 0};
    if (at_ < text_.size() && text_[at_] == '#') {
      ++at_;
      out.level = -integer();
      return out;
    }
    while (at_ < text_.size() && text_[at_] == '\'') {
      ++at_;
      ++out.level;
    }
    if (out.level == 1 && at_ < text_.size() && is_digit(text_[at_])) out.level = integer();
    return out;
  }
  Index index() {
    skip();
    const std::size_t start = at_;
    const Index written = written_index();
    for (std::size_t k = scope_.size(); k-- > 0;) {
      if (scope_[k].first == written) return scope_[k].second;
    }
    if (written.is_bound()) {
      fail("an index that an enclosing sum{..}, max{..} or the like binds", fmt::format("'{}'", str(written)),
           start);
    }
    return written;
  }
  Subscript subscript() {
    Subscript out;
    int sign = accept('-') ? -1 : 1;
    for (;;) {
      if (is_digit(peek())) {
        const int factor = integer();
        if (is_name_start(peek())) {
          out.add(Subscript(index()), sign * factor);
        } else {
          out.offset += sign * factor;
        }
      } else {
        out.add(Subscript(index()), sign);
      }
      if (accept('+')) {
        sign = 1;
      } else if (accept('-')) {
        sign = -1;
      } else {
        return out;
      }
    }
  }
  std::vector<Subscript> subscripts(char close) {
    std::vector<Subscript> out;
    if (accept(close)) return out;
    do out.push_back(subscript());
    while (accept(','));
    expect(close);
    return out;
  }
  std::string braced_text() {
    expect('{');
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) fail("'}'", "the end", text_.size());
    const std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }

  // ---- expressions
  Expr sum() {
    if (++depth_ > kDeepest) fail("at most 1000 nested parentheses");
    std::vector<Expr> terms;
    std::vector<Number> weights;
    int sign = accept('-') ? -1 : 1;
    for (;;) {
      terms.push_back(product());
      weights.push_back(sign);
      if (accept('+')) {
        sign = 1;
      } else if (accept('-')) {
        sign = -1;
      } else {
        break;
      }
    }
    --depth_;
    return make_sum(context_, terms, weights);
  }

  // Factors left to right; after a number the sign of multiplication may be left out.
  Expr product() {
    std::vector<Expr> factors;
    std::vector<Number> exponents;
    int sign = 1;
    for (;;) {
      const bool is_number = is_digit(peek());
      const auto [base, exponent] = power_of();
      factors.push_back(base);
      exponents.push_back(sign * exponent);
      if (accept('/')) {
        sign = -1;
      } else if (accept('*') || (is_number && (is_name_start(peek()) || peek() == '('))) {
        sign = 1;
      } else {
        return make_product(context_, factors, exponents);
      }
    }
  }

  std::pair<Expr, int> power_of() {
    const Expr base = primary();
    if (!accept('^')) return {base, 1};
    const int sign = accept('-') ? -1 : 1;
    return {base, sign * integer()};
  }

  Expr primary() {
    const char c = peek();
    if (is_digit(c)) return make_constant(context_, number());
    if (accept('(')) {
      const Expr e = sum();
      expect(')');
      return e;
    }
    if (!is_name_start(c)) fail("a number, a name or '('");
    const std::size_t start = at_;
    const std::string_view word = name("a name");
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    if (next == '(') return call(word, start);
    if (next == '{') return braced(word, start);
    const Tensor* tensor = context_.find_tensor(word);
    if (tensor == nullptr && word == "inf")
      return make_constant(context_, std::numeric_limits<double>::infinity());
    if (tensor == nullptr) fail("the name of a declared array", fmt::format("'{}'", word), start);
    const std::vector<Subscript> at = next == '[' ? bracketed() : std::vector<Subscript>();
    if (at.size() != tensor->axes.size()) {
      fail(fmt::format("{} subscripts for '{}'", tensor->axes.size(), word), fmt::format("{}", at.size()),
           start);
    }
    return make_access(context_, tensor, at);
  }

  std::vector<Subscript> bracketed() {
    expect('[');
    return subscripts(']');
  }

  std::vector<Expr> arguments() {
    std::vector<Expr> out;
    if (accept(')')) return out;
    do out.push_back(sum());
    while (accept(','));
    expect(')');
    return out;
  }

  void require_count(std::string_view word, std::size_t expected, std::size_t found, std::size_t start) {
    if (expected != found)
      fail(fmt::format("{} arguments for {}", expected, word), fmt::format("{}", found), start);
  }

  // word( ... )
  Expr call(std::string_view word, std::size_t start) {
    expect('(');
    if (word == "extent") {
      const Axis* of = axis();
      expect(')');
      return make_extent(context_, of);
    }
    if (word == "range") {
      const Axis* of = axis();
      expect(',');
      const std::vector<Subscript> at = subscripts(')');
      require_count(word, 2, at.size() + 1, start);
      return make_range(context_, of, at[0]);
    }
    if (word == "delta" || word == "position") {
      const std::vector<Subscript> at = subscripts(')');
      require_count(word, word == "delta" ? 2 : 1, at.size(), start);
      return word == "delta" ? make_delta(context_, at[0], at[1]) : make_position(context_, at[0]);
    }
    if (word == "gather") {
      skip();
      const std::size_t at = at_;
      const std::string_view of = name("the name of an array");
      const Tensor* tensor = context_.find_tensor(of);
      if (tensor == nullptr) fail("the name of a declared array", fmt::format("'{}'", of), at);
      std::vector<Expr> indices;
      if (accept(',')) {
        indices = arguments();
      } else {
        expect(')');
      }
      require_count(word, tensor->axes.size() + 1, indices.size() + 1, start);
      return make_gather(context_, tensor, indices);
    }
    const FunctionRow* function = find_function(word);
    if (function == nullptr && word != "select")
      fail("the name of a function", fmt::format("'{}'", word), start);
    const std::vector<Expr> args = arguments();
    require_count(word, function == nullptr ? 3 : static_cast<std::size_t>(function->arity), args.size(),
                  start);
    if (function == nullptr) return make_select(args[0], args[1], args[2]);
    return args.empty() ? make_pi(context_) : make_map(function->function, args);
  }

  // word{ ... }( ... )[ ... ]
  Expr braced(std::string_view word, std::size_t start) {
    if (word == "draw") {
      const std::string stream = braced_text();
      return make_draw(context_, stream, bracketed());
    }
    if (word == "freeze") {
      const std::string point = braced_text();
      expect('(');
      const Expr body = sum();
      expect(')');
      return make_freeze(body, point);
    }
    constexpr std::string_view kBinders[] = {"sum", "max", "log_sum_exp", "softmax", "log_det", "inverse"};
    if (std::find(std::begin(kBinders), std::end(kBinders), word) == std::end(kBinders)) {
      fail("sum, max, log_sum_exp, softmax, log_det, inverse, freeze or draw", fmt::format("'{}'", word),
           start);
    }
    expect('{');
    std::vector<Index> bound;
    const std::size_t outer = scope_.size();
    do {
      const Index written = written_index();
      bound.push_back({written.axis, kOpenedLevel + opened_++});
      scope_.emplace_back(written, bound.back());
    } while (accept(','));
    expect('}');
    const std::size_t needed = word == "softmax"                        ? 1
                               : word == "log_det" || word == "inverse" ? 2
                                                                        : bound.size();
    if (bound.size() != needed)
      fail(fmt::format("{} indices for {}", needed, word), fmt::format("{}", bound.size()), start);
    expect('(');
    const Expr body = sum();
    expect(')');
    scope_.resize(outer);
    if (word == "sum") return make_contract(bound, body);
    if (word == "max") return make_reduce(Reducer::max, bound, body);
    if (word == "log_sum_exp") return make_reduce(Reducer::log_sum_exp, bound, body);
    if (word == "log_det") return make_log_det(bound[0], bound[1], body);
    const std::size_t at_start = at_;
    const std::vector<Subscript> at = bracketed();
    const std::size_t count = word == "softmax" ? 1 : 2;
    if (at.size() != count)
      fail(fmt::format("{} subscripts for {}", count, word), fmt::format("{}", at.size()), at_start);
    return word == "softmax" ? make_softmax(bound[0], body, at[0])
                             : make_inverse(bound[0], bound[1], body, at[0], at[1]);
  }

  Context& context_;
  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0, opened_ = 0;
  std::vector<std::pair<Index, Index>> scope_;  // as written, as opened
};

}  // namespace

Expr parse(Context& context, std::string_view text) { return Parser(context, text).whole(); }

}  // namespace freefall::ir
