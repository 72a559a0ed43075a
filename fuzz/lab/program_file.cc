#include "fuzz/lab/program_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/text.h"

namespace sluice::lab {
namespace {

std::string_view AsText(const std::vector<uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

absl::StatusOr<std::vector<uint8_t>> ReadFile(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::is_directory(status)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; name the files in it"));
  }
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 16384> part;
  size_t size = 0;
  do {
    size = std::fread(part.data(), 1, part.size(), file);
    bytes.insert(bytes.end(), part.begin(), part.begin() + size);
  } while (size == part.size() && bytes.size() <= kMaxFileSize);
  const bool failed = std::ferror(file) != 0;
  const int why = errno;
  std::fclose(file);
  if (failed) return absl::DataLossError(absl::StrCat(path, ": cannot be read: ", std::strerror(why)));
  if (bytes.size() > kMaxFileSize) {
    return absl::OutOfRangeError(absl::StrCat(path, ": is larger than ", kMaxFileSize, " bytes; it is no fuzz input"));
  }
  return bytes;
}

absl::StatusOr<fuzz::Program> ParseProgram(const std::string& path, const std::vector<uint8_t>& bytes) {
  if (!fuzz::LooksLikeText(AsText(bytes))) {
    // Any bytes are some program. Those that no encoder made may be a text with a stray byte in it.
    if (!bytes.empty() && bytes[0] != fuzz::kFormat) {
      std::fprintf(stderr, "sluice-fuzz: %s: is not text (it has control characters), so it is read as bytes\n",
                   path.c_str());
    }
    return fuzz::DecodeBytes(bytes);
  }
  fuzz::ParsedProgram parsed = fuzz::ParseText(AsText(bytes));
  if (parsed.program.has_value()) return *std::move(parsed.program);
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":", parsed.error.line, ":", parsed.error.column, ": ", parsed.error.message));
}

absl::StatusOr<fuzz::Program> ReadProgram(const std::string& path) {
  const auto bytes = ReadFile(path);
  return bytes.ok() ? ParseProgram(path, *bytes) : bytes.status();
}

std::string LeadingComment(const std::vector<uint8_t>& bytes) {
  std::string comment;
  std::string_view rest = AsText(bytes);
  while (fuzz::LooksLikeText(rest) && rest.starts_with("#")) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    comment.append(rest.substr(0, end)).append("\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return comment;
}

absl::Status WriteFile(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".new";
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  bool written = file != nullptr && std::fwrite(content.data(), 1, content.size(), file) == content.size();
  int why = errno;
  if (file != nullptr && std::fclose(file) != 0) {
    written = false;
    why = errno;
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  if (written) why = errno;
  std::remove(temporary.c_str());
  return absl::DataLossError(absl::StrCat(path, ": cannot be written: ", std::strerror(why)));
}

}  // namespace sluice::lab
