# Comments of the headers as Doxygen reads them. A header begins with a comment about the file; every other comment on
# lines of its own is about what follows it. Titles of sections stay plain comments.
function is_title(text) { return text ~ /^[ \t]*\/\/ -----*/ }
# Examples and tables, indented by three spaces, are to be set as they are: that takes four.
function example(text) { return text ~ /^  / ? "  " text : text }
BEGIN { in_head = 1; headed = 0 }
/^#pragma once/ && in_head { print; next }
in_head && /^\/\/($|[^\/])/ {
  sub(/^\/\/ ?/, "")
  if (!headed) { print "/// @file"; headed = 1; sub(/^/, "@brief ") ; print "/// " $0; next }
  print "/// " example($0)
  next
}
in_head && /^$/ { print; if (headed) in_head = 0; next }
in_head { in_head = 0 }
# Members by which the words of the language know each other's types are no part of the reference.
FILENAME ~ /dsl\// && /^  (static constexpr|using|const ir::Tensor\*|ir::[A-Za-z:]+|std::size_t|std::source_location|P) [^(){}]*;$/ && !commented { print ""; next }
is_title($0) { print ""; next }
# Backslashes are text.
/^ *\/\// { gsub(/\\/, "\\\\&") }
{ commented = 0 }
/^ *\/\// { commented = 1 }
/^ *\/\/($|[^\/])/ { sub(/\/\//, "///") }
/^ *\/\/\/   +[^ ]/ { sub(/\/\/\/   /, "///     ") }
/[;,] +\/\/ / && !/"/ { sub(/ \/\/ /, " ///< ") }
{ print }
