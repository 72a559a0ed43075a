#include "src/runtime/file_url.h"

#include <absl/status/status.h>
#include <absl/strings/str_cat.h>

#include <cctype>
#include <filesystem>
#include <system_error>

namespace sluice::runtime {
namespace {

constexpr std::string_view kScheme = "file://";

// What a path may have in a URL without being encoded. '?', '#' and '%' are not in it.
bool IsPathCharacter(unsigned char c) {
  return std::isalnum(c) != 0 ||
         std::string_view("/-._~!$&'()*+,;=:@").find(static_cast<char>(c)) != std::string_view::npos;
}

std::string Encode(std::string_view path, bool keep_percent) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (IsPathCharacter(byte) || (keep_percent && c == '%')) {
      out += c;
    } else {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The path of a URL without its scheme, query and fragment; still encoded.
std::string_view EncodedPath(std::string_view url) {
  if (url.starts_with(kScheme)) url.remove_prefix(kScheme.size());
  return url.substr(0, url.find_first_of("?#"));
}

}  // namespace

std::string FileUrl(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return absl::StrCat(std::string(kScheme),
                      Encode((error ? std::filesystem::path(path) : absolute).lexically_normal().string(), false));
}

std::string FilePath(std::string_view url) { return Decode(EncodedPath(url)); }

absl::StatusOr<std::string> ResolveSpecifier(std::string_view specifier, std::string_view base_url) {
  const auto refuse = [&](const char* why) {
    return absl::InvalidArgumentError(absl::StrCat("'", std::string(specifier), "', which ", why));
  };
  std::string_view rest = specifier;
  std::string path;
  if (rest.starts_with("file:")) {
    rest.remove_prefix(5);
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      if (rest.starts_with("localhost/")) rest.remove_prefix(9);
      if (!rest.starts_with('/')) return refuse("names a host; only files of this machine can be imported");
    }
    if (!rest.starts_with('/')) return refuse("is not an absolute file URL");
  } else if (!rest.starts_with("./") && !rest.starts_with("../") && !rest.starts_with('/')) {
    return refuse("is neither a relative path (./, ../, /) nor a file: URL");
  }
  const size_t end = rest.find_first_of("?#");
  const std::string_view suffix = end == std::string_view::npos ? "" : rest.substr(end);
  path = rest.substr(0, end);
  if (!path.starts_with('/')) {
    const std::string_view base = EncodedPath(base_url);
    path = std::string(base.substr(0, base.rfind('/') + 1)) + path;
  }
  return absl::StrCat(std::string(kScheme), Encode(std::filesystem::path(path).lexically_normal().string(), true),
                      std::string(suffix));
}

}  // namespace sluice::runtime
